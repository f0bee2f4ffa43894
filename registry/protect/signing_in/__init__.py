"""Proofs of who somebody is, as bytes: passwords, codes, tokens, certificates."""
