"""Sources: reading their streams page by page, comparing whole listings, and what people decide about them."""
