"""Published phase diagrams, and the same in equilibrium."""
