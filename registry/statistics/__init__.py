"""Tables that may be published: `catalogue` says which, `publish` is the only way from children to a number."""
