"""What estimators are made of: the face of a transformer, fitting, and training."""
