"""The commands of `python -m matching`, a file each."""
