"""Tilts of multivariate and mixture policies."""
