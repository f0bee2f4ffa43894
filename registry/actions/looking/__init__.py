"""From the id of a child to what somebody may see of her, and where it ends."""
