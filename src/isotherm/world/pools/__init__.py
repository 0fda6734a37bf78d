"""Liquidity pools as venues."""
