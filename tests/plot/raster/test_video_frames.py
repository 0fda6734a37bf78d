"""Frames: every site in its place and colour, and what is laid over them."""

import numpy as np
import pytest

from isotherm.plot.overlay.marks import draw_arrows, draw_text, draw_vortices, text_mask, wheel
from isotherm.plot.overlay.panel import LINES, TimeCurve, TimePanel
from isotherm.plot.overlay.plate import Plate, plain
from isotherm.plot.raster.painters import AnglePainter, ColourPainter, Scaler, canvas_shape, usual_pixels
from isotherm.plot.raster.palettes import gif_palette, hues, potts_colours, spin_colours

pytestmark = pytest.mark.usefixtures("nothing_global")

RNG = np.random.default_rng(0)


def canvas(rows: int, columns: int, grey: int = 0) -> np.ndarray:
    return np.full((rows, columns, 4), grey, np.uint8)


def test_cells_are_squares_of_their_colours_with_rows_upwards():
    values = RNG.integers(0, 5, (6, 8)).astype(np.uint8)
    colours, found = potts_colours(5), canvas(36, 48)
    ColourPainter(colours)(values, found)
    expected = colours[values[::-1]].repeat(6, 0).repeat(6, 1)
    np.testing.assert_array_equal(found[..., :3], expected[..., :3])


def test_a_window_of_a_larger_canvas_is_painted_alone():
    large = canvas(16, 40, 7)
    ColourPainter(spin_colours())(np.ones((4, 4), np.uint8), large[:, :16])
    assert (large[:, :16, :3] == spin_colours()[1, :3]).all()
    assert (large[:, 16:] == 7).all()


def test_smooth_colours_are_between_those_of_neighbours():
    values, colours = np.array([[0, 0, 1, 1]] * 4, np.uint8), spin_colours()
    found = canvas(64, 64)
    ColourPainter(colours, "bilinear")(values, found)
    row = found[32, :, :3].astype(int)
    np.testing.assert_allclose(row[[8, -8]], colours[:, :3], atol=2)
    np.testing.assert_allclose(row[31:33].mean(0), colours[:, :3].mean(0), atol=8)


def test_directions_are_interpolated_past_the_seam():
    """From the last hue to the first one: neither grey nor the hues of the other side."""
    values = np.array([[15, 15, 1, 1]] * 4, np.uint8)
    smooth, flat = canvas(64, 64), canvas(64, 64)
    AnglePainter(16)(values, smooth)
    ColourPainter(hues(16), "bilinear")(values, flat)
    zero = hues(16)[0, :3].astype(int)
    assert np.abs(smooth[32, 31:33, :3].astype(int) - zero).max() < 10
    assert np.abs(smooth[:, :, :3].astype(int) - zero).max() < 75
    np.testing.assert_allclose(smooth[32, [4, 60], :3], hues(16)[[15, 1], :3], atol=4)


def test_opposite_directions_meet_in_the_dark_and_equal_ones_do_not():
    found = canvas(64, 64)
    AnglePainter(16)(np.array([[0, 0, 8, 8]] * 4, np.uint8), found)
    brightness = found[32, :, :3].astype(int).max(1)
    assert brightness[31:33].max() < 0.6 * brightness[[4, 60]].min()
    AnglePainter(16)(np.full((4, 4), 3, np.uint8), found)
    np.testing.assert_allclose(found[..., :3], np.broadcast_to(hues(16)[3, :3], (64, 64, 3)), atol=4)


def test_lattices_larger_than_the_canvas_are_averaged():
    plane = RNG.integers(0, 256, (24, 36)).astype(np.uint8)
    expected = np.floor(plane.reshape(6, 4, 9, 4).mean((1, 3)))
    np.testing.assert_array_equal(Scaler("nearest")(plane, (6, 9)), expected)
    found = canvas(8, 8)
    ColourPainter(np.array([[0] * 4, [200] * 4], np.uint8))(
        np.tile([[0, 1]], (16, 8)).astype(np.uint8), found
    )
    assert (found[..., :3] == 100).all()


def test_scaling_matches_pillow():
    from PIL import Image

    plane = RNG.integers(0, 256, (20, 30)).astype(np.uint8)
    expected = np.asarray(Image.fromarray(plane).resize((180, 120), Image.Resampling.BILINEAR), np.int64)
    assert np.abs(Scaler("bilinear")(plane, (120, 180)) - expected).max() <= 3


@pytest.mark.parametrize(
    ("shape", "pixels", "expected"),
    [
        ((64, 64), 1024, (1024, 1024)),
        ((32, 64), 256, (128, 256)),
        ((64, 64), 64, (64, 64)),
        ((64, 64), 16, (16, 16)),
    ],
)
def test_sizes_of_frames(shape, pixels, expected):
    assert canvas_shape(shape, pixels) == expected


@pytest.mark.parametrize(
    ("shape", "pixels", "near"),
    [((48, 48), 1000, "960 or 1056"), ((64, 64), 63, "128 or 256"), ((7, 7), 7, "14 or 28")],
)
def test_other_sizes_are_refused_with_those_near(shape, pixels, near):
    with pytest.raises(ValueError, match=f"pixels = {pixels}: should be an even multiple .* such as {near}"):
        canvas_shape(shape, pixels)


def test_usual_sizes_are_allowed():
    assert [usual_pixels(n) for n in (48, 64, 256, 7)] == [1056, 1024, 1024, 1022]
    for n in range(4, 300):
        assert canvas_shape((n, n), usual_pixels(n)) == (usual_pixels(n),) * 2


def test_unknown_interpolations_and_palettes_are_refused():
    with pytest.raises(
        ValueError, match="interpolation = 'cubic': should be one of nearest, bilinear, lanczos"
    ):
        ColourPainter(hues(4), "cubic")
    with pytest.raises(ValueError, match="palette = 'rainbov'"):
        hues(8, "rainbov")


def test_vortices_and_antivortices_stand_in_their_plaquettes_and_nowhere_else():
    charges = np.zeros((8, 8), np.int8)
    charges[2, 3], charges[5, 6] = 1, -1
    found = canvas(256, 256, 100)
    draw_vortices(found, charges, (8, 8))
    cross, circle = found[256 - 6 * 32 - 1, 7 * 32, 0], found[256 - 3 * 32 - 1, 4 * 32, 0]
    assert (cross > 250, circle) == (True, 100)
    touched = np.argwhere(found[..., 0] != 100)
    places = np.array([[256 - 3 * 32, 4 * 32], [256 - 6 * 32, 7 * 32]])
    assert np.abs(touched[:, None] - places).max(2).min(1).max() <= 16
    assert (found[..., 0] > 250).sum() > 100
    empty = canvas(64, 64, 100)
    draw_vortices(empty, np.zeros((7, 7), np.int8), (8, 8))
    assert (empty == 100).all()


def test_many_vortices_leave_room_between():
    charges = RNG.choice([-1, 0, 1], (64, 64), p=[1 / 6, 2 / 3, 1 / 6]).astype(np.int8)
    found = canvas(256, 256, 100)
    draw_vortices(found, charges, (64, 64))
    assert 0.1 < (found[..., 0] > 200).mean() < 0.5


@pytest.mark.parametrize(("value", "head"), [(0, (0, 1)), (4, (-1, 0)), (8, (0, -1)), (12, (1, 0))])
def test_arrows_point_counter_clockwise_from_the_right(value, head):
    found = canvas(64, 64)
    draw_arrows(found, np.full((1, 1), value, np.uint8), 16, 1)
    rows, columns = np.nonzero(found[..., 0] > 128)
    middle = np.array([rows.mean(), columns.mean()]) - 31.5
    assert (np.sign(np.round(middle / 2)) == head).all()
    assert abs(rows.min() + rows.max() - 63) <= 3
    assert abs(columns.min() + columns.max() - 63) <= 3


def test_arrows_stand_on_every_second_site():
    found = canvas(160, 160)
    draw_arrows(found, np.zeros((8, 8), np.uint8), 16, 2)
    lit = (found[..., 0] > 128).any(1)
    starts = np.flatnonzero(np.diff(lit.astype(int)) == 1)
    assert len(starts) == 4
    assert (np.diff(starts) == 40).all()


def test_text_is_clipped_and_subscripts_are_low_and_small():
    plain_text, low = text_mask("Tc", 40), text_mask("T_{c}", 40)
    assert plain_text.shape[0] == low.shape[0]
    assert np.nonzero(low)[0].max() > np.nonzero(plain_text)[0].max()
    assert low.shape[1] < plain_text.shape[1]
    found = canvas(20, 40)
    for x, y in ((-15, -8), (30, 12), (100, 100)):
        draw_text(found, x, y, "isotherm", 16)
    assert 0 < (found[..., 0] > 0).sum() < 400


def test_plate_shows_numbers_in_its_corner():
    rows = [("temperature T", "0.833"), ("sweep", "99,999")]
    plate = Plate("XY model", rows, (512, 512), "even")
    first, second, other = canvas(512, 512, 200), canvas(512, 512, 200), canvas(512, 512, 200)
    plate.draw(first, rows)
    plate.draw(second, rows)
    plate.draw(other, [rows[0], ("sweep", "1")])
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert (first[256:, 256:] == 200).all()
    assert first[40:100, 40:100].mean() < 120
    with pytest.raises(ValueError, match=r"overlay = 'text': needs at least .* pixels, not 64 x 64"):
        Plate("XY model", rows, (64, 64))


def test_panel_draws_each_value_at_its_height():
    curve = TimeCurve("m", 0.0, 1.0, ((0.0, "0"), (1.0, "1")), ((0.5, "half"),))
    panel, found = TimePanel("Ising", ["64 × 64"], 1, [curve], 10, "sweeps", (600, 400)), canvas(600, 400)
    for step, value in enumerate((0.0, 0.0, 0.0, 1.0, 1.0, 1.0)):
        panel.draw(found, step, [("T", "1.0")], [value])
    line = np.argwhere((found[..., :3] == LINES[0]).all(2) & (np.arange(600)[:, None] > 230))
    top, bottom = line[:, 0].min(), line[:, 0].max()
    assert bottom - top > 200
    left = line[np.abs(line[:, 1] - 80) < 12][:, 0]
    assert left.min() > bottom - 6
    with pytest.raises(ValueError, match="overlay = 'plot': needs at least 400 pixels of height, not 256"):
        TimePanel("Ising", [], 0, [], 1, "sweeps", (256, 192))


def test_wheel_agrees_with_the_hues():
    picture, mask = wheel(64, "even")
    for quarter, (row, column) in enumerate(((32, 57), (6, 32), (32, 6), (57, 32))):
        assert mask[row, column] == 255
        assert np.abs(picture[row, column].astype(int) - hues(4)[quarter, :3]).max() < 12
    assert mask[32, 32] == mask[0, 0] == 0


def test_palette_of_a_gif_holds_what_is_drawn():
    found = {tuple(colour) for colour in gif_palette(hues(16), np.array([[1, 2, 3]], np.uint8))}
    assert {tuple(colour) for colour in hues(16)[:, :3]} | {(1, 2, 3), (255, 255, 255), (0, 0, 0)} <= found
    assert len(gif_palette(hues(256), np.array([[1, 2, 3]], np.uint8))) <= 256


def test_numbers_are_plain():
    assert [plain(-1234.5, 1), plain(-0.0, 2), plain(float("nan"), 1)] == ["−1,234.5", "0.00", "–"]
