"""What a terminal shows, and the same as plain values for machines."""
