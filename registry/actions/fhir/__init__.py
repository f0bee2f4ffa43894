"""The health sector's standard at the door: feeds of patients taken in, and a source's own patients shown to it."""
