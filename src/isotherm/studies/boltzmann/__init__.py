"""Boltzmann machines trained by sampling."""
