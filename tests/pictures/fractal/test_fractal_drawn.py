"""What pictures and frames of the Mandelbrot set draw, read back from their axes; counts made by hand."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from tests.support.told import series

from isotherm.pictures.fractal import film
from isotherm.pictures.fractal.config import SHEET, FractalConfig, depth_at, view
from isotherm.pictures.fractal.drawing import draw_iterations, draw_potential, painted
from isotherm.pictures.fractal.frames import EmergenceFrames, ZoomFrames, _bands

pytestmark = pytest.mark.usefixtures("nothing_global")

EXTENT = (-2.0, 2.0, -1.0, 1.0)
COUNTS = np.array([[1, 2, 3, 4], [5, -1, -1, 6], [10, 20, -1, 40]])
POTENTIAL = np.where(COUNTS > 0, 1.0 / np.maximum(COUNTS, 1), 0.0)


def test_the_map_of_the_potential_has_its_levels_and_its_edge() -> None:
    x, y = np.meshgrid(np.linspace(0, 1, 16), np.linspace(0, 1, 12))
    potential = 0.5 * (x + y) / 2
    distance = np.full((12, 16), 5.0)
    distance[0, :4] = [0.0, 0.25, 0.375, 0.5]  # inside; and at 1, 1.5 and 2 pixels of a quarter
    figure = draw_potential(potential, distance, EXTENT)
    surface, plane, bar = figure.axes
    image, edge = plane.images
    np.testing.assert_allclose(image.get_array(), potential / 0.5)
    assert image.get_extent() == list(EXTENT) == edge.get_extent()
    white = np.asarray(edge.get_array())
    np.testing.assert_allclose(white[..., :3], 1.0)
    np.testing.assert_allclose(white[0, :4, 3], [0, 0.5, 0, 0])
    assert white[1:, :, 3].max() == 0
    (lines,) = (one for one in plane.collections if hasattr(one, "levels"))
    np.testing.assert_allclose(lines.levels, 0.05 + 0.75 * np.arange(15) / 14)
    assert [round(float(w), 2) for w in lines.get_linewidth()] == ([0.45] * 4 + [1.0]) * 3
    # on the line where the scaled potential is 0.8, x + y of the unit square is 1.6
    corners = lines.get_paths()[-1].vertices
    across, down = (corners[:, 0] + 2) / 4, (1 - corners[:, 1]) / 2
    np.testing.assert_allclose(across + down, 1.6, atol=1e-6)
    assert bar.get_ylabel() == "potential / its largest value here"
    assert surface.elev == 25
    plt.close(figure)


def test_colours_of_the_zoom_are_waves_along_the_logarithm_of_counts() -> None:
    found = _bands(np.array([[np.nan, 0.5, 1.0, 2**0.8, 2**1.6]]))[0]
    magma = mpl.colormaps["magma"]
    assert tuple(found[0]) == (0, 0, 0, 1)
    np.testing.assert_allclose(found[1:], magma([0.12, 0.12, 0.95, 0.12]), atol=1e-2)


def test_a_frame_of_the_zoom_says_where_it_is_and_points_uphill() -> None:
    frames = ZoomFrames((32, 40))
    places = np.array([[8, 8], [24, 24]]), np.array([[10, 30], [10, 30]])
    uphill = np.array([[3 + 4j, 0], [-2, 5j]])
    frames.draw(np.ones((32, 40)), (-1.0, -0.5, 0.25, 0.5), places, uphill, 0.5)
    arrows = frames._arrows
    np.testing.assert_allclose(np.stack([arrows.X, arrows.Y]), [[10, 10, 30], [8, 24, 24]])
    np.testing.assert_allclose(np.stack([arrows.U, arrows.V]), [[0.6, -1, 0], [0.8, 0, 1]], atol=1e-12)
    assert arrows.get_alpha() == pytest.approx(0.425)
    assert frames._text.get_text().splitlines()[1] == (
        "c = −0.7500 + 0.3750 i   width 0.5   arrows: towards higher potential"
    )
    frames.draw(np.ones((32, 40)), (-1.0, -0.5, -0.5, -0.25), places, uphill, 0.0)
    assert frames._arrows is None
    assert frames._text.get_text().endswith("c = −0.7500 − 0.3750 i   width 0.5")
    for scale in (1, 2):
        wide = ZoomFrames((512 * scale, 640 * scale))._text
        assert (*wide.get_position(), wide.get_fontsize()) == (13 * scale, 16 * scale, 6.25 * scale)


def test_a_frame_of_the_emergence_shows_what_has_escaped_by_its_depth() -> None:
    frames = EmergenceFrames((90, 160), COUNTS, POTENTIAL, EXTENT, 40)
    picture, cut, times = frames._canvas.figure.axes
    frames.draw(5)
    assert (picture.get_title(), picture.get_title("right")) == ("", "41.7 % escaped")
    assert picture.get_title("left") == "5 iterations"
    shown = np.asarray(picture.images[0].get_array())
    dark = (shown == shown[1, 1]).all(-1)
    np.testing.assert_array_equal(dark, (COUNTS < 0) | (COUNTS > 5))
    # along the middle row, as a share of its largest potential, nothing where nothing escaped yet
    (x, y), *_ = series(cut)
    np.testing.assert_allclose(x, np.linspace(-2, 2, 4))
    np.testing.assert_allclose(y, [1, 0, 0, 0])
    assert list(times.lines[0].get_xdata()) == [5, 5]
    edges = np.array([bar.get_x() for bar in times.patches])
    heights = np.array([bar.get_height() for bar in times.patches])
    assert heights.sum() == 9
    assert heights[edges == 5] == heights[edges == 6] == 1
    visible = np.array([bar.get_visible() for bar in times.patches])
    assert edges[visible].max() == 5
    frames.draw(40)
    np.testing.assert_allclose(series(cut)[0][1], [1, 0, 0, 5 / 6])
    assert picture.get_title("right") == "75.0 % escaped"
    # the dashed line is the middle of the window
    assert list(picture.lines[0].get_ydata()) == [0, 0]


def test_each_frame_of_the_films_has_its_own_window_and_depth(monkeypatch) -> None:
    drawn: list = []
    monkeypatch.setattr(EmergenceFrames, "draw", lambda self, depth: drawn.append(depth))
    config = FractalConfig(film="emergence", frames=5, depth=9, pixels=320)
    made: list = []
    setup = EmergenceFrames.__init__

    def keep(self, shape, counts, potential, extent, depth) -> None:
        made.append((shape, counts, extent, depth))
        setup(self, shape, counts, potential, extent, depth)

    monkeypatch.setattr(EmergenceFrames, "__init__", keep)
    assert len(list(film._emergence(config))) == 5
    assert drawn == [depth_at(config, i) for i in range(5)]
    ((shape, counts, extent, depth),) = made
    assert (shape, counts.shape, extent, depth) == ((180, 320), (600, 800), SHEET.extent, 9)
    seen: list = []
    monkeypatch.setattr(ZoomFrames, "draw", lambda self, *given: seen.append(given))
    config = FractalConfig(frames=3, depth=9, pixels=320)
    list(film._zoom(config))
    for i, (smooth, extent, places, uphill, visible) in enumerate(seen):
        window, arrows = view(config, i)
        assert (extent, visible) == (window.extent, arrows)
        assert smooth.shape == (256, 320)
        assert uphill.shape == places[0].shape == (19, 24)


def test_points_that_escaped_at_once_are_escaped_and_as_dark_as_those_after_one() -> None:
    """Count 0 lies on the scale's very start, which is 1, and moves it there; -1 is the only value for none."""
    counts = np.array([[0, 3, 9, -1]])
    magma, panel = mpl.colormaps["magma"], (12 / 255, 15 / 255, 20 / 255, 1)
    wanted = [magma(0.3), magma(0.3 + 0.7 * 0.5), magma(1.0), panel]
    np.testing.assert_allclose(painted(counts, 9, 9), [wanted])
    shallow = painted(counts, 0, 9)[0]
    np.testing.assert_allclose(shallow, [magma(0.3), panel, panel, panel])
    # without a zero the scale starts at the first count; where it has no length, at its end
    np.testing.assert_allclose(painted(counts[:, 1:], 9, 9)[0, 0], magma(0.3))
    np.testing.assert_allclose(painted(np.array([[7]]), 7, 7)[0, 0], magma(0.3))
    figure = draw_iterations(counts, (1, 3, 9), EXTENT)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title("right") for axes in shown] == [
        f"{share} % escaped" for share in ("25.0", "50.0", "75.0")
    ]
    assert [axes.get_title("left") for axes in shown] == [f"{depth} iterations" for depth in (1, 3, 9)]
    for axes, depth in zip(shown, (1, 3, 9), strict=True):
        np.testing.assert_allclose(axes.images[0].get_array(), painted(counts, depth, 9))
        assert axes.images[0].get_extent() == list(EXTENT)
    assert figure.texts[-1].get_text().startswith("Re c from −2.00 to 2.00, Im c from −1.000 to 1.000.")
    plt.close(figure)
