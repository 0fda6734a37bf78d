"""Walking forward on real prices: chosen on one stretch, tested on the next."""
