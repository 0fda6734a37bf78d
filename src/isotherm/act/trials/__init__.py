"""Agents of tasks in trials: a choice, then its outcome."""
