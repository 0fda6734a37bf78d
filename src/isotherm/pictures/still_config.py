"""Settings of the pictures of lattice models and of the Mandelbrot set, and their names. Needs no JAX."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from isotherm.errors import refusal
from isotherm.pictures.fractal.config import SHEET, SHEET_DEPTHS, WHOLE
from isotherm.pictures.fractal.window import Window
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.shared_config import Coupling, DrawingSeed, LatticeModelConfig, LatticeName, Palette
from isotherm.settings.config import Config
from isotherm.settings.layers import merge
from isotherm.studies.lattice.critical import ISING_TEMPERATURE, potts_beta

_HEAT = ("beta", "temperature")


class PictureConfig(LatticeModelConfig):
    """A model at a temperature, and how one state of it in equilibrium is drawn."""

    size: Annotated[int, Field(ge=4, le=4096)] = 128
    """Rows and columns of a square lattice."""
    shape: Annotated[tuple[Annotated[int, Field(ge=4, le=4096)], ...], Field(max_length=2)] = ()
    """Rows and columns, instead of size."""
    beta: Annotated[float, Field(ge=0.001, le=1000)] | None = None
    """Inverse temperature."""
    temperature: Annotated[float, Field(ge=0.001, le=1000)] | None = None
    """The same as a temperature, instead of beta."""
    sweeps: Annotated[int, Field(ge=20, le=1_000_000)] = 200
    """Swendsen-Wang steps (heat-bath sweeps where neighbours are frustrated) from order and from disorder; over their
    second halves the two energies must agree."""
    overlay: tuple[Literal["vortices", "arrows"], ...] = ()
    """What is drawn on angles: vortices, arrows; `--overlay=` for nothing."""
    palette: Palette = None
    ground: Literal["dark", "light"] = "dark"
    """White on black, or dark on white for paper."""
    pixels: Annotated[int, Field(ge=384, le=8192)] | None = None
    """Width of the lattice, a whole number for each site; about 1024 unless said."""
    seed: DrawingSeed = 0
    lattice: LatticeName = "square"
    coupling: Coupling = 1.0

    @field_validator("shape", mode="before")
    @classmethod
    def _split(cls, values: Any) -> Any:
        """``64x128``, as it comes from a command line."""
        if isinstance(values, tuple) and len(values) == 1 and isinstance(values[0], str):
            words = values[0].split("x")
            return tuple(map(int, words)) if all(word.isdecimal() for word in words) else values
        return values

    @model_validator(mode="after")
    def _agree(self) -> "PictureConfig":
        if (self.beta is None) == (self.temperature is None):
            given = [name for name in _HEAT if getattr(self, name) is not None]
            raise refusal("beta, temperature", given, "exactly one says how cold it is")
        try:
            columns = self.physics.rows_columns[1]
        except ValueError as error:  # so that its line stands alone
            raise ValueError(str(error)) from None
        if self.pixels is not None and self.pixels % columns and not self.physics.has_cells:
            raise refusal("pixels", self.pixels, f"should be a whole multiple of the {columns} columns")
        return self

    @property
    def physics(self) -> VideoConfig:
        """The same model, held at the same temperature."""
        return VideoConfig(
            model=self.model,
            size=self.size,
            shape=self.shape,
            boundary=self.boundary,
            states=self.states,
            angles=self.angles,
            beta=self.inverse_temperature,
            overlay=self.overlay,
            lattice=self.lattice,
            coupling=self.coupling,
        )

    @property
    def inverse_temperature(self) -> float:
        """Whichever way it was given."""
        return self.beta if self.beta is not None else 1 / (self.temperature or 1.0)

    @property
    def cell(self) -> int:
        """Pixels of a site's side."""
        columns = self.physics.rows_columns[1]
        return self.pixels // columns if self.pixels else max(round(1024 / columns), 1)


class MandelbrotConfig(Config):
    """A picture of the Mandelbrot set: deterministic iteration, not sampling."""

    picture: Literal["potential", "iterations"] = "potential"
    """A lit surface and a map of the potential; or a window iterated deeper and deeper."""
    pixels: Annotated[int, Field(ge=48, le=4800)] = 1200
    """Points iterated along the real axis; heights are 5/6 of it for the potential and 3/4 for the iterations."""
    depths: Annotated[tuple[Annotated[int, Field(ge=2, le=100_000)], ...], Field(min_length=1, max_length=12)]
    """Iterations, ascending: of the potential one number, of the iterations one a panel."""

    @model_validator(mode="after")
    def _agree(self) -> "MandelbrotConfig":
        if list(self.depths) != sorted(set(self.depths)):
            raise refusal("depths", self.depths, "should ascend")
        if self.picture == "potential" and len(self.depths) > 1:
            raise refusal("depths", self.depths, "the potential is drawn at one")
        return self

    @property
    def window(self) -> Window:
        """Of the plane."""
        return WHOLE if self.picture == "potential" else SHEET

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of points."""
        tall, wide = (5, 6) if self.picture == "potential" else (3, 4)
        return self.pixels * tall // wide, self.pixels


PICTURES: Mapping[str, dict[str, Any]] = {
    "ising": {"model": "ising", "size": 256, "temperature": 2.3},
    "potts": {"model": "potts", "states": 3, "size": 256, "temperature": 1.0},
    "clock": {"model": "clock", "angles": 6, "size": 128, "temperature": 0.8},
    "xy": {"model": "xy", "size": 128, "temperature": 0.9},
    "ising-cold": {"model": "ising", "size": 256, "temperature": 1.8},
    "ising-critical": {"model": "ising", "size": 512, "beta": 1 / ISING_TEMPERATURE},
    "ising-hot": {"model": "ising", "size": 256, "temperature": 3.0},
    "potts-critical": {
        "model": "potts",
        "states": 5,
        "size": 64,
        "beta": potts_beta(5),
        "sweeps": 6000,  # hundreds of steps between independent states
    },
    "xy-vortices": {"model": "xy", "size": 64, "temperature": 0.95, "overlay": ["vortices"]},
    "xy-arrows": {"model": "xy", "size": 32, "temperature": 0.7, "overlay": ["arrows"]},
}
"""Settings of sampled pictures by name."""

FRACTALS: Mapping[str, dict[str, Any]] = {
    "mandelbrot-potential": {"picture": "potential", "pixels": 1200, "depths": [512]},
    "mandelbrot-iterations": {"picture": "iterations", "pixels": 800, "depths": list(SHEET_DEPTHS)},
}
"""Settings of pictures of the Mandelbrot set by name."""

TITLES: Mapping[str, str] = {
    "ising": "spins a little above T_c",
    "potts": "three states just above T_c = 0.995",
    "clock": "six angles between their two transitions: quasi-long-range order",
    "xy": "continuous angles close to T_KT",
    "ising-cold": "spins below T_c: one phase, with islands of the other",
    "ising-critical": "spins at T_c: clusters of all sizes",
    "ising-hot": "spins above T_c: short-ranged order only",
    "potts-critical": "five states at T_c, where the transition is weakly of first order",
    "xy-vortices": "angles above T_KT, vortices and antivortices marked",
    "xy-arrows": "angles below T_KT as arrows: spin waves",
    "mandelbrot-potential": "lit surface and map of its potential (iteration, not sampling)",
    "mandelbrot-iterations": "seahorse valley at eight depths (iteration, not sampling)",
}
"""What each picture shows."""


def build_picture(
    name: str, file: Mapping[str, Any], flags: Mapping[str, Any]
) -> PictureConfig | MandelbrotConfig:
    """Settings of a picture, a file above them, and flags on top; of beta and temperature the upper one holds.

    Args:
        name: one of :data:`PICTURES` or :data:`FRACTALS`.
        file: settings of a file.
        flags: settings of the command line.

    Raises:
        ValueError: naming the field that is refused.
    """
    if name in FRACTALS:
        return MandelbrotConfig(**merge(merge(FRACTALS[name], file), flags))
    values: dict[str, Any] = {}
    for layer in (PICTURES[name], file, flags):
        if set(_HEAT) & set(layer):
            values = {key: value for key, value in values.items() if key not in _HEAT}
        if "size" in layer:
            values.pop("shape", None)
        if {"size", "shape"} & set(layer):
            values.pop("pixels", None)
        values = merge(values, layer)
    return PictureConfig(**values)
