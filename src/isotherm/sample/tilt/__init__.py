"""Kernels of tilted policies."""
