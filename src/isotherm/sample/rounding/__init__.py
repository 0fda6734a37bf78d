"""Energies in float32: how much is lost, and how differences stay right."""
