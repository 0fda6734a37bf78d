"""Experiments, a room each."""
