"""Cluster kernels of graphs and lattices."""
