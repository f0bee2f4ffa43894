"""The forms that delivered files come in."""
