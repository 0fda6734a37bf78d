"""Kernels and exact answers for lattice models."""
