"""Kernels that propose and accept."""
