"""Planar spins, clocks and the Kosterlitz-Thouless transition."""
