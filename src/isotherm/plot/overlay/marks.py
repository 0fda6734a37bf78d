"""What is laid over frames: text, vortices, arrows, a colour wheel. Drawn once, then copied pixel by pixel.

Canvases are uint8 ``(rows, columns, 4)``, the fourth channel meaning nothing; places are in pixels from the upper
left corner.
"""

import functools
import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Int8, UInt8
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from isotherm.plot.raster.painters import Canvas, Values
from isotherm.plot.raster.palettes import hues

Weight = Literal["book", "bold"]
Number = float | int
Mask = UInt8[np.ndarray, "mask_rows mask_columns"]
Charges = Int8[np.ndarray, "plaquette_rows plaquette_columns"]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
SOFT: Colour = (185, 193, 203)
"""Of labels beside numbers."""

_FILES = {"book": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
_SUPERSAMPLING = 6
_SUBSCRIPT = re.compile(r"_\{([^}]*)\}")


@functools.cache
def font(size: int, weight: Weight = "book") -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib, ``size`` pixels high."""
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / _FILES[weight]
    return ImageFont.truetype(str(path), size)


@functools.lru_cache(maxsize=4096)
def text_mask(text: str, size: int, weight: Weight = "book") -> Mask:
    """Coverage of a line of text, 0 to 255; ``_{...}`` is a subscript. All lines of a size are equally high."""
    pieces = [(piece, bool(i % 2)) for i, piece in enumerate(_SUBSCRIPT.split(text)) if piece]
    small = max(round(0.68 * size), 1)
    fonts = [font(small if is_low else size, weight) for _, is_low in pieces]
    widths = [face.getlength(piece) for face, (piece, _) in zip(fonts, pieces, strict=True)]
    image = Image.new("L", (max(round(sum(widths)) + 2, 1), round(1.36 * size)), 0)
    pen, x = ImageDraw.Draw(image), 0.0
    for face, (piece, is_low), width in zip(fonts, pieces, widths, strict=True):
        pen.text((round(x), round((1.17 if is_low else 1.0) * size)), piece, 255, face, anchor="ls")
        x += width
    return np.asarray(image)


def draw_text(
    canvas: Canvas,
    x: Number,
    y: Number,
    text: str,
    size: int,
    colour: Colour = WHITE,
    *,
    weight: Weight = "book",
    align: Literal["left", "middle", "right"] = "left",
) -> None:
    """A line of text with its upper edge at ``y``, beginning, centred or ending at ``x``; clipped at the edges."""
    mask = text_mask(text, size, weight)
    left = round(x - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * mask.shape[1])
    blend(canvas, left, round(y), mask, colour)


def blend(canvas: Canvas, left: int, top: int, mask: Mask, colour: Any) -> None:
    """Mix a colour, or a picture ``(rows, columns, 3)``, into the canvas by a mask; clipped at the edges."""
    rows = slice(max(-top, 0), max(min(canvas.shape[0] - top, mask.shape[0]), 0))
    columns = slice(max(-left, 0), max(min(canvas.shape[1] - left, mask.shape[1]), 0))
    part = mask[rows, columns, None].astype(np.int32)
    if not part.size:
        return
    under = canvas[top + rows.start : top + rows.stop, left + columns.start : left + columns.stop, :3]
    paint = np.asarray(colour, np.int32)
    paint = paint[rows, columns] if paint.ndim == 3 else paint
    under += ((paint - under) * part // 255).astype(np.uint8)


def shade(canvas: Canvas, left: int, top: int, mask: Mask) -> None:
    """Darken by a mask that lies within the canvas; as :func:`blend` with black, but fast."""
    under = canvas[top : top + mask.shape[0], left : left + mask.shape[1]]
    np.right_shift(under * (256 - mask.astype(np.uint16))[..., None], 8, out=under, casting="unsafe")


@functools.cache
def rounded(width: int, height: int, radius: int, strength: int = 255) -> Mask:
    """Mask of a plate with round corners."""
    large = Image.new("L", (4 * width, 4 * height), 0)
    edge = (0, 0, 4 * width - 1, 4 * height - 1)
    ImageDraw.Draw(large).rounded_rectangle(edge, 4 * radius, fill=strength)
    return np.asarray(large.resize((width, height), Image.Resampling.BOX))


class Stamp(NamedTuple):
    """A small mark about a point, as the pixels that it touches.

    Attributes:
        rows: from the point, int.
        columns: from the point, int.
        keep: how much of what is below stays, of 256, uint16.
        add: brightness added, of 65536, uint16.
    """

    rows: np.ndarray
    columns: np.ndarray
    keep: np.ndarray
    add: np.ndarray


def put_stamps(canvas: Canvas, y: np.ndarray, x: np.ndarray, stamp: Stamp) -> None:
    """Copy a mark to many places; what falls outside is left out.

    Args:
        canvas: is drawn on.
        y: rows of the points, int.
        x: columns of the points.
        stamp: white on a dark shadow.
    """
    rows, columns = y[:, None] + stamp.rows, x[:, None] + stamp.columns
    keep, add = (np.broadcast_to(part, rows.shape) for part in (stamp.keep, stamp.add))
    inside = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
    if not inside.all():
        rows, columns, keep, add = (part[inside] for part in (rows, columns, keep, add))
    words = canvas.view("<u4")[..., 0]
    below = words[rows, columns].view(np.uint8).reshape(*rows.shape, 4)
    mixed = (below * keep[..., None] + add[..., None]) >> 8
    words[rows, columns] = mixed.astype(np.uint8).view("<u4")[..., 0]


def draw_vortices(canvas: Canvas, charges: Charges, shape: tuple[int, ...]) -> None:
    """Circles on vortices and crosses on antivortices, smaller where there are many.

    Args:
        canvas: on which the lattice is drawn, filling it.
        charges: of the plaquettes between a site and the next ones to the right and above; one fewer along open
            dimensions.
        shape: of the lattice.
    """
    count = np.count_nonzero(charges)
    if not count:
        return
    cell, width = canvas.shape[1] / shape[1], min(canvas.shape[:2])
    spacing = (canvas.shape[0] * canvas.shape[1] / count) ** 0.5
    radius = min(max(0.30 * cell, width / 85), max(0.30 * spacing, 2.5))
    for sign, kind in ((1, "circle"), (-1, "cross")):
        row, column = np.nonzero(charges == sign)
        y = canvas.shape[0] - 1 - np.floor((row + 1) * cell).astype(int)
        x = np.floor((column + 1) * cell).astype(int)
        put_stamps(canvas, y, x, _mark(kind, round(2 * radius)))


def draw_arrows(canvas: Canvas, values: Values, num_angles: int, every: int) -> None:
    """White arrows on every second, third, ... site, centred on it.

    Args:
        canvas: on which the lattice is drawn, filling it.
        values: angles as whole numbers below ``num_angles``.
        num_angles: how many there are in a full turn.
        every: rows and columns from arrow to arrow, at least 1.
    """
    cell, start = canvas.shape[1] / values.shape[1], (every - 1) // 2
    shown = values[start::every, start::every]
    length = round(0.86 * cell * every)
    for value in np.unique(shown):
        row, column = np.nonzero(shown == value)
        y = canvas.shape[0] - 1 - np.floor((row * every + start + 0.5) * cell).astype(int)
        x = np.floor((column * every + start + 0.5) * cell).astype(int)
        put_stamps(canvas, y, x, _arrow(length, int(value), num_angles))


@functools.cache
def wheel(diameter: int, palette: str) -> tuple[UInt8[np.ndarray, "mask_rows mask_columns 3"], Mask]:
    """The ring of hues, angle zero to the right and turning counter-clockwise, and its mask."""
    span = (np.arange(4 * diameter) + 0.5) / (2 * diameter) - 1
    radius, turns = np.hypot(span[:, None], span), np.arctan2(-span[:, None], span) / (2 * np.pi)
    colours = hues(512, palette)[np.floor(turns * 512).astype(int) % 512, :3]
    ring = np.where((radius < 1) & (radius > 0.56), 255, 0).astype(np.uint8)
    size = (diameter, diameter)
    pictures = (Image.fromarray(part).resize(size, Image.Resampling.BOX) for part in (colours, ring))
    picture, mask = (np.asarray(part) for part in pictures)
    return picture, mask


@functools.cache
def _mark(kind: Literal["circle", "cross"], diameter: int) -> Stamp:
    span = diameter * _SUPERSAMPLING / 2
    image, middle = _blank(diameter)
    pen, line = ImageDraw.Draw(image), round(max(0.19 * diameter, 1.1) * _SUPERSAMPLING)
    low, high = middle - span, middle + span
    if kind == "circle":
        pen.ellipse((low, low, high, high), outline=255, width=line)
    else:
        low, high = middle - 0.8 * span, middle + 0.8 * span
        pen.line((low, low, high, high), fill=255, width=line)
        pen.line((low, high, high, low), fill=255, width=line)
    return _stamp(image)


@functools.cache
def _arrow(length: int, value: int, num_angles: int) -> Stamp:
    image, middle = _blank(length)
    along = length * _SUPERSAMPLING * np.array([-0.5, 0.12, 0.12, 0.5, 0.12, 0.12, -0.5])
    across = length * _SUPERSAMPLING * np.array([-0.045, -0.045, -0.17, 0.0, 0.17, 0.045, 0.045])
    angle = 2 * np.pi * value / num_angles
    x = middle + along * np.cos(angle) - across * np.sin(angle)
    y = middle - along * np.sin(angle) - across * np.cos(angle)
    ImageDraw.Draw(image).polygon(list(zip(x, y, strict=True)), fill=255)
    return _stamp(image)


def _blank(extent: int) -> tuple[Image.Image, float]:
    """A supersampled image with room for a mark's shadow, and the middle of its middle pixel."""
    side = (2 * (extent // 2 + 3) + 1) * _SUPERSAMPLING
    return Image.new("L", (side, side), 0), side / 2


def _stamp(image: Image.Image) -> Stamp:
    """White where the image is, black in a soft edge around it."""
    side = image.width // _SUPERSAMPLING
    shadow = image.filter(ImageFilter.GaussianBlur(0.9 * _SUPERSAMPLING))
    parts = (part.resize((side, side), Image.Resampling.BOX) for part in (image, shadow))
    white, dark = (np.asarray(part, np.float64) for part in parts)
    keep = np.minimum(255 - white, 255 - np.minimum(1.5 * dark, 190))
    at = np.nonzero(keep < 250)
    words = (np.floor(part[at]).astype(np.uint16) for part in (keep, 255.0 * np.minimum(white, 255 - keep)))
    return Stamp(at[0] - side // 2, at[1] - side // 2, *words)
