"""Agents route real swaps over pools of liquidity."""
