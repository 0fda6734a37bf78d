"""Validated settings, for studies, films and forms alike."""
