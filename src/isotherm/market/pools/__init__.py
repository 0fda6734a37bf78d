"""Pools: reserves over time, trades, values."""
