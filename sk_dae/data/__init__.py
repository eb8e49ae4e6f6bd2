"""Rows of any container, their batches, and what is known of their columns."""
