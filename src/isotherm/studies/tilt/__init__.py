"""Inference-time tilting of a policy, against closed forms."""
