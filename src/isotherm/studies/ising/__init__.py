"""The critical point of the square Ising model."""
