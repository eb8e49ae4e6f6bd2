"""Parts of estimators: the face of a transformer, fitting, and training."""
