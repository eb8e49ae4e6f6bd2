"""Callbacks of a training: early stopping, progress, the bridge to scikit-learn."""
