"""Hidden Markov chains, exactly."""
