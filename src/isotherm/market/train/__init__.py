"""Training of strategies: windows, rates, selection, periods."""
