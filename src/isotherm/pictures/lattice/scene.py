"""Frames of a video: the lattice, and what is laid over it or stands beside it."""

from typing import Any

import numpy as np
from jaxtyping import UInt8

from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.lattice.physics import (
    cells_of,
    is_kosterlitz_thouless,
    lowest_energy,
    order_name,
    order_symbol,
    place_of,
    symbol,
    title,
    transition,
)
from isotherm.pictures.lattice.record import CONTINUOUS, Instant
from isotherm.plot.overlay.marks import SOFT, draw_arrows, draw_vortices
from isotherm.plot.overlay.panel import GROUND, LINES, TimeCurve, TimePanel
from isotherm.plot.overlay.plate import Plate, Row, plain
from isotherm.plot.raster.painters import (
    AnglePainter,
    Canvas,
    CellPainter,
    ColourPainter,
    Painter,
    canvas_shape,
    usual_pixels,
)
from isotherm.plot.raster.palettes import DEFAULT, Colours, gif_palette, hues, potts_colours, spin_colours

_ARROW_PIXELS = 28
_PANEL_WIDTH = 0.75


class Scene:
    """Draws frames; what does not change is drawn once.

    Args:
        config: of the video.

    Raises:
        ValueError: naming a palette, a width or an overlay that cannot be.
    """

    def __init__(self, config: VideoConfig) -> None:
        self.config, self.temperatures = config, config.temperatures()
        self._critical = transition(config)
        rows, columns = config.rows_columns
        pixels = usual_pixels(columns) if config.pixels is None else config.pixels
        self._cells = cells_of(config, config.pixels) if config.has_cells else None
        self._lattice = (
            canvas_shape((rows, columns), pixels)
            if self._cells is None
            else (self._cells.shape[0], self._cells.shape[1])
        )
        self.palette = config.palette or DEFAULT["angles" if config.is_angular else config.model]
        self._directions = config.num_values or CONTINUOUS
        self.colours = self._colours()
        self._paint = self._painter()
        wheel = self.palette if config.is_angular else None
        width = 2 * round(_PANEL_WIDTH * max(self._lattice) / 2) if "plot" in config.overlay else 0
        self.shape = (self._lattice[0], self._lattice[1] + width)
        self._canvas = np.zeros((*self.shape, 4), np.uint8)
        self._panel = self._make_panel((self.shape[0], width), wheel) if width else None
        self._plate = Plate(title(config), self._widest(), self._lattice, wheel) if self._has_plate else None
        self._every = -(-_ARROW_PIXELS * columns // self._lattice[1])

    @property
    def _has_plate(self) -> bool:
        return "text" in self.config.overlay and "plot" not in self.config.overlay

    def draw(self, now: Instant) -> Canvas:
        """The frame; valid until the next call."""
        lattice = self._canvas[:, : self._lattice[1]]
        self._paint(now.values, lattice)
        if "arrows" in self.config.overlay:
            draw_arrows(lattice, now.values, self._directions, self._every)
        if "vortices" in self.config.overlay:
            draw_vortices(lattice, now.charges, now.values.shape)
        if self._plate is not None:
            self._plate.draw(lattice, self._rows(now))
        if self._panel is not None:
            values = self._curve_values(now)
            window = self._canvas[:, self._lattice[1] :]
            self._panel.draw(window, now.index * self.config.sweeps_per_frame, self._rows(now), values)
        return self._canvas

    def gif_palette(self) -> UInt8[np.ndarray, "colours 3"]:
        """Colours that the frames are made of."""
        others = [SOFT, GROUND, *LINES] if self._panel is not None else [SOFT]
        return gif_palette(self.colours, np.array(others, np.uint8))

    def _colours(self) -> Colours:
        if self.config.model == "ising":
            return spin_colours(self.palette)
        if self.config.model == "potts":
            return potts_colours(self._directions, self.palette)
        return hues(self._directions, self.palette)

    def _painter(self) -> Painter:
        smooth = self.config.interpolation != "nearest" or self._lattice[0] < self.config.rows_columns[0]
        if self._cells is not None:
            return CellPainter(self.colours, self._cells)
        if self.config.is_angular and smooth:
            return AnglePainter(self._directions, self.palette, self.config.interpolation)
        return ColourPainter(self.colours, self.config.interpolation)

    def _widest(self) -> list[Row]:
        sites = self.config.rows_columns[0] * self.config.rows_columns[1]
        most = Instant(self.config.frames - 1, self._canvas, -2.888, 0.888, self._canvas, (sites // 6, 0))
        return self._rows(most)

    def _rows(self, now: Instant) -> list[Row]:
        """Labels and numbers of a frame."""
        config, temperature = self.config, float(self.temperatures[now.index])
        rows: list[Row] = [
            ("temperature T", plain(temperature, 3)),
            *self._relative(temperature),
            ("sweep", plain(now.index * config.sweeps_per_frame, 0)),
            ("energy a site", plain(now.energy, 3)),
            (order_symbol(config), plain(abs(now.order), 3)),
        ]
        if is_kosterlitz_thouless(config):
            rows.append(("vortices", f"{plain(now.counts[0], 0)} + {plain(now.counts[1], 0)}"))
        return rows

    def _relative(self, temperature: float) -> list[Row]:
        """How far from the transition, where that is known."""
        if self._critical is None:
            return []
        return [(f"T / {symbol(self.config)}", plain(temperature / self._critical, 3))]

    def _make_panel(self, shape: tuple[int, int], wheel: str | None) -> TimePanel:
        config = self.config
        subtitle = [
            place_of(config) if config.lattice == "cubic" else place_of(config).replace(",", " sites,", 1)
        ]
        each = config.sweeps_per_frame
        subtitle.append(
            f"{config.method.replace('-', ' ')}, {each:,} {'sweep' if each == 1 else 'sweeps'} a frame"
        )
        steps = (config.frames - 1) * each
        curves = [curve for curve, _ in self._curves()]
        num_rows = (6 if is_kosterlitz_thouless(config) else 5) - (self._critical is None)
        return TimePanel(title(config), subtitle, num_rows, curves, steps, "sweeps", shape, wheel)

    def _curves(self) -> list[tuple[TimeCurve, str]]:
        """The plots, each with the number that it shows."""
        config, found = self.config, []
        if config.beta is None:
            found.append((self._temperature_curve(), "temperature"))
        if is_kosterlitz_thouless(config):
            ticks = ((0.0, "0"), (0.1, "0.1"), (0.2, "0.2"), (0.3, "0.3"))
            found.append((TimeCurve("vortices and antivortices a site", 0.0, 0.36, ticks), "vortices"))
        elif config.beta is not None:
            lowest = lowest_energy(config)
            # couplings below 0 may begin with every bond against them
            highest = 0.0 if config.coupling > 0 else -lowest
            middle = (lowest + highest) / 2
            places = 0 if middle % 1 == 0 and lowest % 1 == 0 else 2
            ticks = tuple((float(e), plain(e, places)) for e in (lowest, middle, highest))
            found.append((TimeCurve("energy a site", lowest, highest - lowest / 20, ticks), "energy"))
        low = 0.0
        ticks = ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))
        found.append((TimeCurve(order_name(config), low, 1.0, ticks), "order"))
        return found

    def _temperature_curve(self) -> TimeCurve:
        low, high = float(self.temperatures.min()), float(self.temperatures.max())
        critical = self._critical
        marks = ()
        if critical is not None:
            low, high = min(low, critical), max(high, critical)
            marks = ((critical, f"{symbol(self.config)} = {critical:.3f}"),)
        room = 0.08 * (high - low)
        ticks = tuple((float(t), f"{t:g}") for t in _round_ticks(low - room, high + room))
        return TimeCurve("temperature T", low - room, high + room, ticks, marks)

    def _curve_values(self, now: Instant) -> list[float]:
        rows, columns = self.config.rows_columns
        known: dict[str, Any] = {
            "temperature": self.temperatures[now.index],
            "vortices": sum(now.counts) / (rows * columns),
            "energy": now.energy,
            "order": abs(now.order),
        }
        return [float(known[name]) for _, name in self._curves()]


def _round_ticks(low: float, high: float) -> np.ndarray:
    """Three to six round numbers between."""
    step = 10.0 ** np.floor(np.log10((high - low) / 2))
    step *= next(factor for factor in (0.5, 1, 2, 5, 10) if (high - low) / (step * factor) <= 5)
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
