"""What is drawn over pixels: marks, panels, plates."""
