"""Settings of a video of a lattice model, and the videos that have names. Needs no JAX."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from isotherm.errors import refusal
from isotherm.pictures.shared_config import (
    Codec,
    Coupling,
    DrawingSeed,
    Effort,
    FrameRate,
    LatticeModelConfig,
    LatticeName,
    Palette,
    Quality,
    check_lattice,
)
from isotherm.settings.config import unknown_name
from isotherm.settings.layers import merge

Overlay = Literal["text", "plot", "vortices", "arrows"]
Temperature = Annotated[float, Field(gt=0)]
WITH_CELLS = ("triangular", "honeycomb")
"""Lattices whose sites are drawn in their true places, in cells that are no squares."""

_SCHEDULES = ("beta", "ramp", "stages")


class VideoConfig(LatticeModelConfig):
    """A model, its temperature over time, and how frames look and are encoded."""

    beta: Annotated[float, Field(gt=0)] | None = None
    """Inverse temperature, constant."""
    ramp: tuple[Temperature, ...] = ()
    """Temperatures T0:T1:... passed through evenly in time, instead of beta."""
    stages: tuple[Temperature, ...] = ()
    """Temperatures T0:T1:... held for equally many frames each, instead of beta."""
    start: Literal["random", "ordered"] = "random"
    """The first state."""
    warmup: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Sweeps at the first temperature before the first frame."""
    method: Literal["heat-bath", "metropolis"] = "heat-bath"
    """How sites are updated."""
    frames: Annotated[int, Field(ge=1, le=10_000_000)] = 240
    """How many; the first shows the state before any sweep but those of the warm-up."""
    fps: FrameRate = 30
    sweeps_per_frame: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Updates of every site from one frame to the next."""
    codec: Codec = None
    quality: Quality = None
    effort: Effort = "fast"
    pixels: Annotated[int, Field(ge=2, le=16384)] | None = None
    """Width of the lattice, an even number for each site; about 1024 unless said."""
    overlay: tuple[Overlay, ...] = ("text",)
    """What is drawn besides: text in a corner, a panel with plots, vortices, arrows; `--overlay=` for nothing."""
    palette: Palette = None
    interpolation: Literal["nearest", "bilinear", "lanczos"] = "nearest"
    """Between sites; of angles, directions are interpolated."""
    seed: DrawingSeed = 0
    keep_partial: bool = False
    """Keep the shorter video after an interrupt."""
    lattice: LatticeName = "square"
    coupling: Coupling = 1.0

    @field_validator("ramp", "stages", "shape", mode="before")
    @classmethod
    def _split(cls, values: Any) -> Any:
        """``4:1:4`` and ``64x128``, as they come from a command line."""
        if isinstance(values, tuple) and len(values) == 1 and isinstance(values[0], str):
            words = values[0].replace("x", ":").split(":")
            try:
                return tuple(int(word) if word.isdecimal() else float(word) for word in words)
            except ValueError:
                return values
        return values

    @model_validator(mode="after")
    def _agree(self) -> "VideoConfig":
        if self.shape and len(self.shape) != 2:
            raise refusal("shape", self.shape, "needs rows and columns")
        given = [name for name in _SCHEDULES if getattr(self, name)]
        if len(given) != 1:
            raise refusal("beta, ramp, stages", given, "exactly one says the temperature")
        if self.ramp and len(self.ramp) < 2:
            raise refusal("ramp", self.ramp, "needs at least two temperatures; for one use stages")
        if self.states is not None and self.model != "potts":
            raise refusal("states", self.states, f"is for the Potts model, not {self.model}")
        if self.angles is not None and self.model not in ("clock", "xy"):
            raise refusal("angles", self.angles, f"is for the clock and XY models, not {self.model}")
        for mark in ("vortices", "arrows"):
            if mark in self.overlay and self.model not in ("clock", "xy"):
                raise refusal("overlay", mark, f"needs angles, which the {self.model} model has not")
        check_lattice(self, self.lattice, self.coupling, self.overlay)
        if self.has_cells and self.interpolation != "nearest":
            raise refusal("interpolation", self.interpolation, "should be nearest where cells are no squares")
        if len(self.stages) > self.frames:
            raise refusal("stages", self.stages, f"should be at most as many as the {self.frames} frames")
        return self

    @property
    def rows_columns(self) -> tuple[int, int]:
        """Extents of the lattice."""
        return (self.shape[0], self.shape[1]) if self.shape else (self.size, self.size)

    @property
    def has_cells(self) -> bool:
        """Whether sites are drawn as cells in their true places, for they stand in no squares."""
        return self.lattice in WITH_CELLS

    @property
    def num_values(self) -> int | None:
        """Potts states or angles; None for Ising spins and continuous angles."""
        if self.model == "potts":
            return self.states or 3
        return self.angles or 16 if self.model == "clock" else self.angles

    @property
    def is_angular(self) -> bool:
        """Whether sites have angles."""
        return self.model in ("clock", "xy")

    def temperatures(self) -> np.ndarray:
        """Of the sweeps that lead to each frame, float64 ``(frames,)``."""
        if self.beta is not None:
            return np.full(self.frames, 1 / self.beta)
        times = np.linspace(0, 1, self.frames)
        if self.stages:
            return np.asarray(self.stages)[self.legs()]
        return np.interp(times, np.linspace(0, 1, len(self.ramp)), self.ramp)

    def legs(self) -> np.ndarray:
        """Which stage, or stretch of the ramp, each frame belongs to: int ``(frames,)``."""
        count = max(len(self.stages), len(self.ramp) - 1, 1)
        return np.arange(self.frames) * count // self.frames


_XY: dict[str, Any] = {"model": "xy", "angles": 16, "boundary": "open"}

PRESETS: Mapping[str, dict[str, Any]] = {
    "ising": {"model": "ising", "beta": 0.5},
    "potts": {"model": "potts", "beta": 1.2, "size": 128},
    "clock": {"model": "clock", "beta": 1.2, "interpolation": "bilinear"},
    "xy": {"model": "xy", "beta": 1.2, "interpolation": "bilinear"},
    "ising-quench": {"model": "ising", "size": 64, "boundary": "open", "beta": 1.0, "frames": 120},
    "potts-quench": {
        "model": "potts",
        "states": 5,
        "size": 48,
        "boundary": "open",
        "beta": 2.0,
        "frames": 120,
    },
    "xy-quench": {**_XY, "size": 48, "beta": 1.5, "frames": 150, "overlay": ["text", "vortices"]},
    "xy-quench-long": {**_XY, "size": 48, "beta": 1.5, "frames": 450, "overlay": ["text", "vortices"]},
    "xy-field": {**_XY, "size": 48, "beta": 1.2, "frames": 450, "overlay": ["text", "arrows"]},
    "xy-high-resolution": {**_XY, "size": 64, "beta": 1.2, "frames": 600, "pixels": 1792},
    "xy-massive": {
        **_XY,
        "size": 256,
        "beta": 1.2,
        "frames": 1200,
        "fps": 60,
        "codec": "h265",
        "quality": 15,
        "pixels": 1024,
        "interpolation": "bilinear",
    },
    "ising-ramp": {
        "model": "ising",
        "size": 128,
        "ramp": [4.0, 1.0, 4.0],
        "frames": 180,
        "sweeps_per_frame": 10,
        "warmup": 100,
        "overlay": ["plot"],
    },
    "ising-three-temperatures": {
        "model": "ising",
        "size": 64,
        "stages": [4.0, 2.3, 1.2],
        "frames": 180,
        "sweeps_per_frame": 5,
        "warmup": 100,
        "overlay": ["plot"],
    },
}
"""Settings by name: the four models, and the published videos."""

TITLES: Mapping[str, str] = {
    "ising": "spins cooled at once to T = 2, below T_c: domains grow",
    "potts": "three states cooled at once to T = 0.83, below T_c",
    "clock": "16 angles cooled at once to T = 0.83, below T_KT",
    "xy": "continuous angles cooled at once to T = 0.83, below T_KT",
    "ising-quench": "a quench to T = 1: domains grow, stripes may freeze",
    "potts-quench": "five states quenched to T = 0.5: domains of five colours",
    "xy-quench": "a quench to T = 0.67: vortices and antivortices annihilate in pairs",
    "xy-quench-long": "the same, three times as long",
    "xy-field": "hues under arrows, on every second site, after a quench to T = 0.83",
    "xy-high-resolution": "hues at 1792 pixels, 28 a site, after a quench to T = 0.83",
    "xy-massive": "256 x 256 sites, 20 seconds at 60 frames a second: the headline",
    "ising-ramp": "cooling through T_c and heating again, one state all along",
    "ising-three-temperatures": "above, near and below T_c, one state all along",
}
"""What each preset shows."""


def build_config(name: str, file: Mapping[str, Any], flags: Mapping[str, Any]) -> VideoConfig:
    """Settings of a preset, a file above it, and flags on top; whichever of them sets a temperature, sets it alone.

    Raises:
        ValueError: naming an unknown preset, or the field that is refused.
    """
    if name not in PRESETS:
        raise refusal("NAME", name, f"is no model and no video; {unknown_name(name, list(PRESETS))}")
    values: dict[str, Any] = {}
    for layer in (PRESETS[name], file, flags):
        if any(key in layer for key in _SCHEDULES):
            values = {key: value for key, value in values.items() if key not in _SCHEDULES}
        if "size" in layer:
            values.pop("shape", None)
        if {"size", "shape"} & set(layer):
            values.pop("pixels", None)
        values = merge(values, layer)
    if values.get("lattice", "square") in WITH_CELLS and not any(
        "interpolation" in one for one in (file, flags)
    ):
        values["interpolation"] = "nearest"  # a preset's smooth squares
    return VideoConfig(**values)
