"""Learners that see one observation at a time."""
