"""Devices and generators of random numbers."""
