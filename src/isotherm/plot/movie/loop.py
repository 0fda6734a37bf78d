"""A few frames as a GIF in memory, for a report."""

import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

COLOURS = 160


def looping_gif(frames: Sequence[UInt8[np.ndarray, "rows columns 3"]], frame_ms: int) -> bytes:
    """A looping GIF whose frames share one palette, fitted to the first, the middle and the last.

    Args:
        frames: at least one, all of one size.
        frame_ms: milliseconds that each is shown.
    """
    chosen = (frames[0], frames[len(frames) // 2], frames[-1])
    sample = Image.fromarray(np.concatenate([frame[::2, ::2] for frame in chosen]))
    palette = sample.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    table = _lookup(palette)
    images = []
    for rgb in frames:
        codes = rgb >> 3
        index = (codes[..., 0].astype(np.int32) << 10) | (codes[..., 1].astype(np.int32) << 5) | codes[..., 2]
        image = Image.fromarray(table[index], "P")
        image.putpalette(palette.getpalette() or [])
        images.append(image)
    file = io.BytesIO()
    images[0].save(
        file, "GIF", save_all=True, append_images=images[1:], duration=frame_ms, loop=0, optimize=False,
        disposal=1,
    )  # fmt: skip
    return file.getvalue()


def _lookup(palette: Image.Image) -> np.ndarray:
    """The palette's nearest colour for each colour of five bits a channel, shape ``(32768,)``."""
    five = (np.arange(32) << 3) | 4
    colours = np.stack(np.meshgrid(five, five, five, indexing="ij"), axis=-1).reshape(1, -1, 3)
    wanted = Image.fromarray(colours.astype(np.uint8))
    return np.asarray(wanted.quantize(palette=palette, dither=Image.Dither.NONE)).reshape(-1)
