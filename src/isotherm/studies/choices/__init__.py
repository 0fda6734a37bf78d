"""Fitting agents to choices: do parameters come back, and who foretells what people choose."""
