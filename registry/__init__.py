"""The children's registry: what it stores, who may see it, what it publishes."""
