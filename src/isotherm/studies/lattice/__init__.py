"""What studies of lattices share."""
