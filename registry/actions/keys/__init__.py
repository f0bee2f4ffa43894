"""Keys and what they seal: made, turned, proved, destroyed."""
