"""What stands between the network and the doors: size, form, pace."""
