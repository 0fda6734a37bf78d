"""Settings that videos, pictures and films have in common. Needs no JAX.

Fields of a base class stand before those of its subclasses, in schemas, on the command line and in what a run
writes of itself. So only the fields that come first are inherited; of those that stand further down the kinds are
shared, which hold range and meaning.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from isotherm.errors import refusal
from isotherm.settings.config import Config

FrameRate = Annotated[int, Field(ge=1, le=240, description="Frames a second.")]

Codec = Annotated[
    Literal["h264", "h265", "vp9", "gif"] | None,
    Field(
        description="H.264 or H.265 in .mp4, VP9 in .webm, or .gif; by default what goes with the file's name."
    ),
]
Quality = Annotated[
    Annotated[int, Field(ge=0, le=63)] | None,
    Field(description="Constant rate factor, lower is better; 15 unless said, 24 for VP9."),
]
Effort = Annotated[
    Literal["fast", "medium", "slow"], Field(description="Of the encoder: slow makes smaller files.")
]

Palette = Annotated[
    str | None,
    Field(
        description="Name of a palette: even or hsv for angles, or any of matplotlib's; "
        "by default RdBu_r, tab10, even."
    ),
]
DrawingSeed = Annotated[int, Field(ge=0, lt=2**32, description="Of everything random.")]


LatticeName = Annotated[
    Literal["square", "triangular", "honeycomb", "cubic"],
    Field(description="Neighbours of a site: 4, 6, 3, or 6 in a cube, of which the middle layer is shown."),
]
Coupling = Annotated[
    float,
    Field(ge=-100, le=100, description="J, in units of temperature; below 0 neighbours would rather differ."),
]
MAX_CUBE = 128
"""Sites along a side of a cube."""


def check_lattice(
    config: "LatticeModelConfig", lattice: str, coupling: float, overlay: Sequence[str]
) -> None:
    """Refuse what does not go together.

    Raises:
        ValueError: naming the field.
    """
    if coupling == 0:
        raise refusal("coupling", coupling, "should not be 0: sites would not know of each other")
    if lattice == "cubic" and config.shape:
        raise refusal("shape", config.shape, "is for layers; a cube has --size alone")
    if lattice == "cubic" and config.size > MAX_CUBE:
        raise refusal("size", config.size, f"should be at most {MAX_CUBE} in a cube")
    for mark in ("vortices", "arrows"):
        if mark in overlay and lattice != "square":
            raise refusal("overlay", mark, f"needs a square lattice, not a {lattice} one")


class LatticeModelConfig(Config):
    """A model on a lattice."""

    model: Literal["ising", "potts", "clock", "xy"] = "ising"
    """What is sampled."""
    size: Annotated[int, Field(ge=4, le=16384)] = 128
    """Rows and columns of a square lattice."""
    shape: Annotated[tuple[Annotated[int, Field(ge=4, le=16384)], ...], Field(max_length=2)] = ()
    """Rows and columns, instead of size."""
    boundary: Literal["periodic", "open"] = "periodic"
    """Of both dimensions."""
    states: Annotated[int, Field(ge=2, le=256)] | None = None
    """Of the Potts model; 3 unless said."""
    angles: Annotated[int, Field(ge=2, le=256)] | None = None
    """Of the clock model, 16 unless said; the XY model with them is a clock model."""
