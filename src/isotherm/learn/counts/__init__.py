"""Learning by counting: Dirichlet counts of laws, and what they are worth."""
