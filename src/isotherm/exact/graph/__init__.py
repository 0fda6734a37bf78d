"""Exact answers of factor graphs and tables."""
