"""Inference of hidden states from observations."""
