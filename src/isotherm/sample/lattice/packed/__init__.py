"""Checkerboard sweeps of spins packed 32 to a word."""
