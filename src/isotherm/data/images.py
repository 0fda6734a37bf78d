"""The shipped handwritten digits, split into training and test images."""

from importlib.resources import files
from typing import NamedTuple

import numpy as np

SIDE = 28
TRAINING_SHARE = 0.8


class Images(NamedTuple):
    """Binary images as spins with their labels.

    Attributes:
        pixels: int8 ``(images, 784)``, ``+1`` for ink.
        labels: int64 ``(images,)``: index of the digit among those asked for.
    """

    pixels: np.ndarray
    labels: np.ndarray

    def thinned(self, most: int) -> "Images":
        """At most so many images, evenly spaced."""
        total = len(self.labels)
        if total <= most:
            return self
        rows = np.linspace(0, total - 1, most).round().astype(int)
        return Images(self.pixels[rows], self.labels[rows])


def read_images(digits: tuple[int, ...]) -> tuple[Images, Images]:
    """Training and test images: of each digit the first 80 % and the rest, in the order of the file.

    Args:
        digits: which digits, each 0 to 9.
    """
    import polars as pl

    table = pl.read_parquet(str(files("isotherm.data") / "mnist10k_bits.parquet"))
    labels = table["label"].to_numpy()
    words = np.frombuffer(b"".join(table["bits"].to_list()), np.uint8).reshape(len(labels), -1)
    pixels = (2 * np.unpackbits(words, axis=1).astype(np.int8) - 1).astype(np.int8)
    rows = [np.flatnonzero(labels == digit) for digit in digits]
    cuts = [round(TRAINING_SHARE * len(each)) for each in rows]
    training = np.concatenate([each[:cut] for each, cut in zip(rows, cuts, strict=True)])
    test = np.concatenate([each[cut:] for each, cut in zip(rows, cuts, strict=True)])
    index = np.zeros(10, np.int64)
    index[list(digits)] = np.arange(len(digits))
    return Images(pixels[training], index[labels[training]]), Images(pixels[test], index[labels[test]])
