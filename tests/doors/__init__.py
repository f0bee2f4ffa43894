"""Every door for every role."""
