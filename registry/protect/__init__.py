"""Keys, cipher, blind indexes, search tokens, policy and the access log's tree."""
