"""Policies tilted by rewards."""
