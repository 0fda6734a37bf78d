"""A wheel of colours for angles, even in brightness; no matplotlib, so that frames of videos can use it."""

import numpy as np

LIGHTNESS, CHROMA, FIRST_HUE = 0.74, 0.155, np.deg2rad(29.0)
"""Of the wheel, in Oklab's polar form; angle zero is red."""


def cyclic_palette(size: int = 256) -> np.ndarray:
    """Colours around the hue circle at one lightness, as vivid as the screen allows.

    Args:
        size: number of colours; the first one follows the last.

    Returns:
        sRGB, uint8 ``(size, 3)``; hues turn from red over yellow, green and blue.

    References:
        B. Ottosson, A perceptual color space for image processing (2020), https://bottosson.github.io/posts/oklab/
    """
    hue = FIRST_HUE + 2 * np.pi * np.arange(size) / size
    low, high = np.zeros(size), np.full(size, CHROMA)
    for _ in range(20):
        chroma = (low + high) / 2
        linear = _linear_rgb(chroma, hue)
        is_shown = ((linear >= 0) & (linear <= 1)).all(-1)
        low, high = np.where(is_shown, chroma, low), np.where(is_shown, high, chroma)
    linear = np.clip(_linear_rgb(low, hue), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)


def _linear_rgb(chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Linear sRGB of the wheel's lightness, ``(colours, 3)``."""
    lab = np.stack([np.full_like(hue, LIGHTNESS), chroma * np.cos(hue), chroma * np.sin(hue)], -1)
    to_cones = [
        [1, 0.3963377774, 0.2158037573],
        [1, -0.1055613458, -0.0638541728],
        [1, -0.0894841775, -1.291485548],
    ]
    to_rgb = [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
    return (lab @ np.transpose(to_cones)) ** 3 @ np.transpose(to_rgb)
