"""What a run says: its page and its sentences."""
