"""Energy-based models: sample them, learn them, and act with them, at an explicit inverse temperature."""
