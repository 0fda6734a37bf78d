"""Several temperatures at once: tempering, annealing, annealed importance sampling."""
