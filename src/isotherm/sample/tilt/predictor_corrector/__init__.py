"""Predictor and corrector steps over noise levels."""
