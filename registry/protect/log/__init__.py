"""The access log as bytes: leaves, tree, signed heads, witnesses."""
