"""Pixels: states of lattices as pictures."""
