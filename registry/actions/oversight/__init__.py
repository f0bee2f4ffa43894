"""What watches over those who look: the log, alarms, limits."""
