import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as Canvas
from matplotlib.quiver import Quiver

from isotherm.plot.raster import lattice
from isotherm.plot.raster.cyclic import LIGHTNESS, cyclic_palette

pytestmark = pytest.mark.usefixtures("nothing_global")


def oklab_lightness(srgb):
    """Of sRGB bytes, by the forward formulas."""
    x = srgb / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ np.array([0.2104542553, 0.7936177850, -0.0040720468])


def test_the_wheel_is_even_in_brightness_and_closes():
    colours = cyclic_palette(256)
    np.testing.assert_allclose(oklab_lightness(colours.astype(float)), LIGHTNESS, atol=0.006)
    steps = np.abs(np.diff(np.vstack([colours, colours[:1]]).astype(int), axis=0)).max(1)
    assert steps.max() <= 24
    assert len(np.unique(colours, axis=0)) > 240
    hsv = (255 * mpl.colormaps["hsv"](np.arange(256))[:, :3]).astype(float)
    assert np.ptp(oklab_lightness(hsv)) > 0.3


@pytest.fixture
def axes():
    return Canvas(figsize=(3, 3)).add_subplot()


def pixels(axes):
    """Colour at the middle of each cell, bytes (rows, columns, 3), row zero first."""
    figure = axes.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())
    columns, rows = round(axes.get_xlim()[1] + 0.5), round(axes.get_ylim()[1] + 0.5)
    found = np.empty((rows, columns, 3))
    for row in range(rows):
        for column in range(columns):
            x, y = axes.transData.transform((column, row))
            found[row, column] = drawn[drawn.shape[0] - 1 - int(y), int(x), :3]
    return found


def test_spins_and_states_have_their_colours_rows_upwards(axes):
    lattice.draw_spins(axes, np.array([[1, -1], [-1, -1]]))
    palette = mpl.colormaps["RdBu_r"]
    up, down = (255 * np.array(palette(place)[:3]) for place in (0.9, 0.1))
    np.testing.assert_allclose(pixels(axes), [[up, down], [down, down]], atol=2)
    axes.clear()
    states = np.arange(6).reshape(2, 3)
    lattice.draw_states(axes, states, 6)
    wanted = 255 * np.array(mpl.colormaps["tab10"](np.arange(6)))[:, :3]
    np.testing.assert_allclose(pixels(axes).reshape(6, 3), wanted, atol=2)
    assert len({to_hex(c) for c in lattice.state_colours(40)(np.arange(40))}) == 40


def test_angles_have_hues_and_the_seam_does_not_show(axes):
    lattice.draw_angles(axes, np.array([[0.0, np.pi], [2 * np.pi - 1e-6, -np.pi]]), "hsv")
    found = pixels(axes)
    opposite = 255 * np.array(mpl.colormaps["hsv"](0.5)[:3])
    np.testing.assert_allclose(found, [[[255, 0, 0], opposite], [[255, 0, 12], opposite]], atol=14)


def test_arrows_stand_on_every_nth_site_and_point_along_their_angles(axes):
    angles = np.full((8, 8), np.pi / 2)
    lattice.draw_arrows(axes, angles, 2, "white")
    (arrows,) = [one for one in axes.collections if isinstance(one, Quiver)]
    assert np.size(arrows.X) == 16
    np.testing.assert_allclose(np.asarray(arrows.U), 0, atol=1e-12)
    np.testing.assert_allclose(np.asarray(arrows.V), 1)


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_vortices_are_circles_and_antivortices_crosses(axes, ground):
    charges = np.zeros((4, 4), int)
    charges[1, 2], charges[2, 0] = 1, -1
    lattice.draw_angles(axes, np.zeros((4, 4)))
    lattice.draw_vortices(axes, charges, (4, 4), ground)
    circles, crosses = axes.collections
    assert isinstance(circles, EllipseCollection)
    assert isinstance(crosses, LineCollection)
    np.testing.assert_allclose(np.asarray(circles.get_offsets()), [[2.5, 1.5]])
    assert len(crosses.get_segments()) == 2
    np.testing.assert_allclose(np.mean([one.mean(0) for one in crosses.get_segments()], 0), [0.5, 2.5])
    FigureCanvasAgg(axes.figure).draw()


def painted(axes, charges) -> np.ndarray:
    """The picture of an upright lattice with marks, as brightness."""
    lattice.draw_angles(axes, np.zeros((4, 4)))
    lattice.draw_vortices(axes, charges, (4, 4), "light")
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3].astype(int).sum(axis=2)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_mark_across_the_edge_lies_half_at_either_and_never_out_of_the_frame(axes, sign):
    charges = np.zeros((4, 4), int)
    without = painted(axes, charges)
    charges[1, 3] = sign
    other = Canvas(figsize=axes.figure.get_size_inches(), dpi=axes.figure.dpi)
    marked = painted(other.add_axes(axes.get_position()), charges)
    rows, columns = np.nonzero(without != marked)
    (left, bottom), (right, top) = axes.transData.transform([[-0.5, -0.5], [3.5, 3.5]])
    assert columns.min() >= left - 1
    assert columns.max() <= right + 1
    middle = (left + right) / 2
    assert 0.7 < (columns < middle).sum() / (columns > middle).sum() < 1.4
    assert rows.mean() == pytest.approx(bottom + (top - bottom) * 2 / 4, rel=0.05)


def test_a_corner_has_four_quarters_and_open_edges_have_none(axes):
    charges = np.zeros((4, 4), int)
    charges[3, 3] = 1
    lattice.draw_vortices(axes, charges, (4, 4))
    lattice.draw_vortices(axes, np.eye(3, dtype=int), (4, 4))
    torus, _, plane, _ = axes.collections
    assert sorted(np.asarray(torus.get_offsets()).tolist()) == [
        [-0.5, -0.5],
        [-0.5, 3.5],
        [3.5, -0.5],
        [3.5, 3.5],
    ]
    assert len(np.asarray(plane.get_offsets())) == 3


def test_a_vortex_among_the_arrows_has_charge_one_as_measured():
    from isotherm.energy.lattice.models import LatticeXY
    from isotherm.energy.lattice.shapes import square
    from isotherm.energy.lattice.vortices import vortices

    rows, columns = np.mgrid[:6, :6] - 2.5
    outwards = np.arctan2(rows, columns).astype(np.float32)
    charges = np.asarray(
        vortices(LatticeXY(square(6, periodic=False)), jnp.asarray(np.mod(outwards, np.float32(2 * np.pi))))
    )
    assert charges[2, 2] == 1
    assert np.abs(charges).sum() == 1


def test_the_wheel_and_the_key_stand_apart(axes):
    lattice.draw_wheel(axes)
    assert [text.get_text() for text in axes.texts] == ["0", "π/2", "π", "3π/2"]
    key = Canvas().add_subplot()
    lattice.draw_key(key, 5)
    assert [text.get_text() for text in key.texts] == list("01234")


def test_unknown_palettes_are_refused():
    with pytest.raises(ValueError, match="palette = 'rainbows': must be even, or a palette"):
        lattice.angle_colours("rainbows")


def test_grounds_differ_and_leave_settings_alone():
    dark, light = lattice.settings("dark"), lattice.settings("light")
    assert dark["figure.facecolor"] == "#000000"
    assert light["figure.facecolor"] == "#ffffff"
    with mpl.rc_context(dark):  # pyright: ignore[reportArgumentType]
        assert mpl.rcParams["text.color"] == "#ffffff"
