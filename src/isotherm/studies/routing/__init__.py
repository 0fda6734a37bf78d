"""Order routing: agents that learn which venue fills."""
