"""Films of lattice models."""
