"""Worlds with hidden states, driven by a generative model."""
