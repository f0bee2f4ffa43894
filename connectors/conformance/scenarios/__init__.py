"""The sources and systems on which the connectors of this package are tried: our simulators, filled and broken."""
