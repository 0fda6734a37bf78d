"""Spins on lattices."""
