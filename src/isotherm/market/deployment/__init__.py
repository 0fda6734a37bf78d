"""Pools as they are deployed: their state, the bundle that holds it, and a replay of rules in whole numbers."""
