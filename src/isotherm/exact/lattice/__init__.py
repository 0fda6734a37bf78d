"""Exact answers of lattices."""
