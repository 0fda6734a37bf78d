"""A machine on two tori learns handwritten digits."""
