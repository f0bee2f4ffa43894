"""The simulators: servers that fail on request, asked by plain messages."""
