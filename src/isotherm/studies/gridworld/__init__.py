"""Agents that learn the map of a grid by exploring it."""
