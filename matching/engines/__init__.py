"""Engines: the same linkage on one machine, on files against themselves, and on a cluster."""
