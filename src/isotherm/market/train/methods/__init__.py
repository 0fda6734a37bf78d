"""Ways to train: along a gradient, by BFGS, CMA-ES, and trials of Optuna."""
