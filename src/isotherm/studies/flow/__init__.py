"""A simulated pool beside what a real one recorded."""
