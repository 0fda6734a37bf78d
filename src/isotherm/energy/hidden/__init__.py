"""Hidden-state models ``A B C D E``: what agents believe of a world, and worlds themselves."""
