"""The population database: asked over the network, or delivered as an extract."""
