"""Sectors' systems as servers on this machine, with invented children and faults on request."""
