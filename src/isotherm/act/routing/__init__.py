"""Agents of the routing studies."""
