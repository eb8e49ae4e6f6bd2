"""Mixed tables as one float matrix, and back, with their types."""
