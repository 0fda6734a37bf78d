"""Figures: data in, picture out.

Nothing is computed here beyond what drawing needs, and nothing touches pyplot: each function makes one
``matplotlib.figure.Figure`` and hands it back with its name and caption. :mod:`isotherm.plot.style` holds the one
look (an agent has the same colour, line and marker wherever it appears), :mod:`isotherm.plot.axes` the parts that
figures share; the other modules draw what a kind of study shows.
"""
