"""Weight rules: estimators, updates, guardrails, interpolation."""
