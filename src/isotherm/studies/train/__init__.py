"""Training of a pool on prices, in links that survive."""
