"""What things are: children, sources, links, accesses and refusals. No input, no output."""
