"""Frames into video files."""
