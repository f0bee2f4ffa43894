"""The keepers of the root key: a file, a Transit engine over the network, a module for PKCS #11."""
