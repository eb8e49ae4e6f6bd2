"""Closed forms: moments, linear maps that undo masking, a Gaussian with gaps."""
