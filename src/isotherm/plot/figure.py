"""What a drawing function returns; light, so that studies can name it without importing matplotlib."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import matplotlib.figure


class Figure(NamedTuple):
    """A picture of a report: file name without ending, caption in plain words, the matplotlib figure."""

    name: str
    caption: str
    figure: "matplotlib.figure.Figure"


class Animation(NamedTuple):
    """A moving picture of a report: file name without ending, caption in plain words, the bytes of a GIF."""

    name: str
    caption: str
    gif: bytes
