"""Ensembles of strategies, drawn at several temperatures."""
