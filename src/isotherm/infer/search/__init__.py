"""The best state of models too wide for exact answers, and what is proven of it."""
