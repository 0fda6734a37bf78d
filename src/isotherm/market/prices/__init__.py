"""Price files and tables."""
