"""What comes in: rows read, checked, understood, sealed and kept, or refused with a rule."""
