"""Markets of venues."""
