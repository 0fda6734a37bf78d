"""Planning by sampling: policies too many to enumerate, as states of a factor graph."""
