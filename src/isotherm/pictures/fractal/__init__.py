"""The Mandelbrot set's potential: deterministic iteration, no sampling, shown beside the lattices for its beauty."""
