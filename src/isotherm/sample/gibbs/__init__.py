"""Block Gibbs sampling: one door, four engines."""
