"""Backtests of dynamic-weight pools."""
