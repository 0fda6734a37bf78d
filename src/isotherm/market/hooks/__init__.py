"""What a pool's name adds to it."""
