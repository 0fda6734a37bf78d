"""Agents fitted to recorded choices: likelihood, priors, the most probable parameters, their posterior."""
