"""Pictures of the routing studies."""
