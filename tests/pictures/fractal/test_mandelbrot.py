"""The Mandelbrot set's potential against loops and its own identities, the camera's path, and the pictures."""

import itertools
import math

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from isotherm.pictures.fractal.config import FILM_TITLES, FILMS, FractalConfig, build_fractal, depth_at, view
from isotherm.pictures.fractal.drawing import draw_iterations, draw_potential, painted
from isotherm.pictures.fractal.escape import RADIUS, distance, escape, gradient
from isotherm.pictures.fractal.window import Window

pytestmark = pytest.mark.usefixtures("nothing_global")

DEPTH = 200
GRID = Window(complex(-0.7, 0.05), 3.4, 2.7).points(24, 20)


def by_hand(c: complex, depth: int, radius: float = RADIUS) -> tuple[int, complex]:
    """The first n, from 0, at which z is beyond the radius, and z there; -1 where there is none."""
    z = c
    for n in range(depth + 1):
        if abs(z) > radius:
            return n, z
        z = z * z + c
    return -1, 1 + 0j


def test_counts_and_potential_are_those_of_a_plain_loop():
    """Every pixel of a small grid, and no warning about an overflow anywhere far from it."""
    found = escape(GRID, DEPTH)
    looped = [[by_hand(complex(c), DEPTH) for c in row] for row in GRID]
    counts = np.array([[n for n, _ in row] for row in looped])
    assert (counts < 0).any()
    assert len(np.unique(counts)) > 8
    np.testing.assert_array_equal(found.counts, counts)
    expected = [[math.log(abs(z)) / 2**n if n >= 0 else 0.0 for n, z in row] for row in looped]
    np.testing.assert_allclose(found.potential, expected, rtol=1e-9)
    assert found.potential.dtype == np.float64
    far = escape(np.array([1e150 + 0j, -3e100 + 1e5j, 1e4j]), DEPTH)
    np.testing.assert_allclose(far.potential, np.log(np.abs([1e150, -3e100 + 1e5j, 1e4j])), rtol=1e-12)


def test_far_away_the_potential_is_the_logarithm():
    """``φ = log|c| + O(1/|c|)``, and nearer by it is not."""
    c = np.array([20.0 + 0j, 200j, -900.0 + 3j, 1.5 + 0j])
    off = np.abs(escape(c, DEPTH).potential - np.log(np.abs(c)))
    assert (off[:3] < 1 / np.abs(c[:3])).all()
    assert off[3] > 0.1


def test_the_potential_does_not_depend_on_when_it_is_read():
    """Further squares beyond the radius change ``log|z| / 2^n`` by parts in a million; squares before it, by more."""
    points = GRID[escape(GRID, DEPTH).has_escaped]
    potential = escape(points, DEPTH).potential
    later = [by_hand(complex(c), DEPTH, 1e30) for c in points]
    early = [by_hand(complex(c), DEPTH, 3.0) for c in points]
    np.testing.assert_allclose(potential, [math.log(abs(z)) / 2**n for n, z in later], rtol=2e-6)
    assert np.abs(potential / [math.log(abs(z)) / 2**n for n, z in early] - 1).max() > 0.01


def test_the_potential_is_harmonic_outside_and_its_gradient_is_that_of_differences():
    c = GRID[escape(GRID, DEPTH).potential > 0.02]
    step = 1e-4
    shifts = step * np.array([0, 1, -1, 1j, -1j])
    found = escape((c[None] + shifts[:, None]), DEPTH)
    here, right, left, up, down = found.potential
    slope = gradient(c, escape(c, DEPTH))
    differences = ((right - left) + 1j * (up - down)) / (2 * step)
    # counts change between neighbours now and then, and the potential jumps by a part in a million
    is_smooth = (found.counts == found.counts[0]).all(0)
    assert is_smooth.sum() > 100
    np.testing.assert_allclose(slope[is_smooth], differences[is_smooth], rtol=2e-3)
    curvature = np.abs(np.stack([right - 2 * here + left, up - 2 * here + down]))[:, is_smooth]
    laplacian = np.abs(right + left + up + down - 4 * here)[is_smooth]
    assert np.median(laplacian / curvature.max(0)) < 1e-3


def test_inside_there_is_no_potential():
    inside = np.array([0, -1, 1j, -2, 0.25, -0.75, -0.1 + 0.7j], np.complex128)
    found = escape(inside, 5000)
    assert (found.counts == -1).all()
    assert (found.potential == 0).all()
    assert np.isnan(found.smooth_count).all()
    assert (gradient(inside, found) == 0).all()
    outside = escape(np.array([0.26, -2.001, 1.01j]), 5000)
    assert outside.has_escaped.all()


def test_distances_tell_widths_from_heights():
    """On the ray beyond 1/4 ... 2: the estimate is within a factor of 2 of the distance, on oblong pixels too."""
    width, height = 0.01, 0.003
    window = Window(complex(-3.0, 0.0), 21 * width, 5 * height)
    estimate = distance(escape(window.points(21, 5), DEPTH).potential, width, height)[2]
    truth = -2 - window.points(21, 5)[2].real
    assert ((estimate / truth > 0.5) & (estimate / truth < 2.0)).all()
    ramp = np.broadcast_to(1 + 0.01 * np.arange(5.0), (4, 5))
    np.testing.assert_allclose(distance(ramp, 0.01, 7.0), ramp)


def test_smooth_counts_are_smooth():
    """Along a line outside, without jumps where the count changes; the counts themselves jump."""
    found = escape(np.linspace(0.5, 1.5, 400) + 0.1j, DEPTH)
    assert len(np.unique(found.counts)) > 2
    steps = np.abs(np.diff(found.smooth_count))
    assert steps.max() < 3 * np.median(steps) + 0.05


def test_the_camera_moves_without_jumps():
    """From the whole to a hundredth of it, in steps that vanish against the window; then it holds, and comes back."""
    config = FractalConfig(frames=150)
    views = [view(config, i) for i in range(151)]
    widths = np.array([seen.window.width for seen in views])
    centres = np.array([seen.window.centre for seen in views])
    assert (widths[0], widths[-1]) == pytest.approx((3.5, 0.035), rel=1e-3)
    assert (np.diff(widths[:50]) < 0).all()
    assert np.abs(np.diff(np.log(widths))).max() < 0.3
    assert (np.abs(np.diff(centres)) / widths[1:]).max() < 0.3
    end = complex(*config.target)
    np.testing.assert_allclose(centres[50:101], end, atol=1e-12)
    assert abs(centres[150] - end) < 1e-12
    assert np.abs(centres[100:] - end).max() > 0.2 * 0.035
    assert [views[i].arrows for i in (0, 50, 75, 150)] == pytest.approx([0, 0, 1, 1])
    assert all(seen.window.height == pytest.approx(0.8 * seen.window.width) for seen in views)


def test_the_camera_strays_as_far_as_its_settings_say():
    """A quarter of the last third: aside by ``pan`` widths and down by half; half of it: down by all."""
    config = FractalConfig(frames=120, pan=0.4)
    end = complex(*config.target)
    for frame, stray in ((90, 1 - 0.5j), (100, -1j), (110, -1 - 0.5j)):
        assert view(config, frame).window.centre == pytest.approx(end + 0.035 * 0.4 * stray)
    # half-way in, the eased width is a tenth of the whole, and half the way is left
    seen = view(config, 20).window
    assert seen.width == pytest.approx(0.35)
    assert seen.centre == pytest.approx(end + (-0.5 - end) * 0.1 * 0.5)
    assert [view(config, frame).arrows for frame in (39, 50, 60, 61)] == pytest.approx([0, 0.5, 1, 1])


def test_points_are_the_centres_of_pixels():
    points = Window(1 + 2j, 4.0, 2.0).points(4, 2)
    row = np.array([-0.5, 0.5, 1.5, 2.5])
    np.testing.assert_allclose(points, [row + 2.5j, row + 1.5j])
    assert Window(1 + 2j, 4.0, 2.0).extent == (-1.0, 3.0, 1.0, 3.0)
    assert Window(0j, 1.0, 1.0).points(1, 1) == 0


def test_frames_have_the_sides_of_their_film():
    assert FractalConfig(pixels=320).shape == (256, 320)
    assert FractalConfig(film="emergence", pixels=320).shape == (180, 320)
    assert FractalConfig(film="emergence", pixels=336).shape == (188, 336), "even"
    with pytest.raises(ValueError, match="pixels = 330"):
        FractalConfig(pixels=330)


def test_depths_of_the_emergence():
    config = build_fractal("mandelbrot-emergence", {}, {})
    depths = [depth_at(config, i) for i in range(config.frames)]
    assert (depths[0], depths[-1]) == (2, 500)
    assert all(b >= a for a, b in itertools.pairwise(depths))
    assert depths[60] == pytest.approx(251, abs=10)
    assert set(FILMS) == set(FILM_TITLES)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: escape(GRID, 0), "depth = 0: must be at least 1"),
        (lambda: escape(np.array([complex(math.nan, 0)]), 5), "must be finite"),
        (lambda: Window(0j, 0.0, 1.0).points(4, 4), "width = 0.0: must be above 0"),
        (lambda: Window(0j, 1.0, math.nan).points(4, 4), "height = nan: must be above 0"),
        (lambda: Window(0j, 1.0, 1.0).points(0, 4), "columns = 0: must be at least 1"),
        (lambda: Window(0j, 1.0, 1.0).points(4, 0), "rows = 0: must be at least 1"),
        (lambda: build_fractal("mandelbrot-zom", {}, {}), "did you mean 'mandelbrot-zoom'?"),
        (lambda: FractalConfig(target=(0.0,)), "target = "),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as refused:
        call()
    assert message in str(refused.value)


def test_shares_and_colours_of_depths():
    counts = np.array([[-1, 1, 3], [10, 40, -1]])
    shallow, deep = painted(counts, 5, 50), painted(counts, 50, 50)
    assert shallow.shape == (2, 3, 4)
    dark = shallow[0, 0]
    assert ((shallow == dark).all(-1) == [[True, False, False], [True, True, True]]).all()
    assert ((deep == dark).all(-1) == (counts < 0)).all()
    np.testing.assert_array_equal(shallow[0, 1:], deep[0, 1:])
    figure = draw_iterations(counts, (2, 5, 50), (0.0, 1.0, 0.0, 1.0))
    titles = [axes.get_title(loc="right") for axes in figure.axes if axes.get_visible()]
    assert titles == ["16.7 % escaped", "33.3 % escaped", "66.7 % escaped"]
    plt.close(figure)


@pytest.mark.slow
def test_the_potential_is_drawn():
    window = Window(complex(-0.75, 0.0), 3.5, 2.5)
    potential = escape(window.points(96, 80), 60).potential
    figure = draw_potential(potential, distance(potential, 3.5 / 96, 2.5 / 80), window.extent)
    assert "not sampling" in figure.texts[1].get_text()
    image = figure.axes[1].images[0].get_array()
    assert image is not None
    np.testing.assert_allclose([image.min(), image.max()], [0, 1])
    FigureCanvasAgg(figure).draw()
    plt.close(figure)
