"""Samplers held against exact laws."""
