"""How energies are sampled: kernels, chains, diagnostics, and exact answers."""
