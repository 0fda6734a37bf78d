"""Potts models at their transitions."""
