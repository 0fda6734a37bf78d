"""Cells of the triangular lattice and the honeycomb: each pixel belongs to the nearest site."""

import itertools
import math

import numpy as np
import pytest

from isotherm.energy.lattice.shapes import honeycomb, triangular
from isotherm.plot.raster.cells import cell_map, extent, paint_cells

HALF = math.sqrt(3) / 2


def place(kind: str, i: int, j: int) -> tuple[float, float]:
    """Where a site stands; written out anew."""
    if kind == "triangular":
        return j - i / 2, i * HALF
    return j * HALF, 1.5 * i + (0.25 if (i + j) % 2 == 0 else -0.25)


@pytest.mark.parametrize(("kind", "lattice"), [("triangular", triangular), ("honeycomb", honeycomb)])
def test_bonds_are_as_long_as_each_other_and_nothing_else_is_as_near(kind: str, lattice) -> None:
    """The places are those of the lattice that is sampled: its bonds join exactly the nearest sites."""
    found = lattice(6, 6, periodic=False)
    bonds = {tuple(sorted(bond)) for bond in found.bonds.tolist()}
    places = [place(kind, *divmod(site, 6)) for site in range(36)]
    for a, b in itertools.combinations(range(36), 2):
        away = math.dist(places[a], places[b])
        assert (abs(away - 1) < 1e-9) == ((a, b) in bonds)
        assert away > 1 - 1e-9


@pytest.mark.parametrize("kind", ["triangular", "honeycomb"])
@pytest.mark.parametrize("periodic", [(True, True), (False, False), (True, False)])
def test_each_pixel_belongs_to_the_nearest_site(kind: str, periodic: tuple[bool, bool]) -> None:
    shape = (4, 6)
    cells = cell_map(kind, shape, periodic, 90)
    left, right, low, high = extent(kind, shape, periodic)
    far = {(i, j): place(kind, i, j) for i in range(-6, shape[0] + 6) for j in range(-8, shape[1] + 8)}
    height = cells.shape[0]
    assert height % 2 == 0
    assert height / 90 == pytest.approx((high - low) / (right - left), abs=1 / 45)
    rng = np.random.default_rng(0)
    for row, column in zip(rng.integers(0, height, 400), rng.integers(0, 90, 400), strict=True):
        x = left + (column + 0.5) * (right - left) / 90
        y = high - (row + 0.5) * (high - low) / height
        away = sorted((math.dist(spot, (x, y)), site) for site, spot in far.items())
        if away[1][0] - away[0][0] < 1e-9:
            continue
        i, j = away[0][1]
        is_there = all(
            wraps or 0 <= at < size for at, size, wraps in zip((i, j), shape, periodic, strict=True)
        )
        wanted = i % shape[0] * shape[1] + j % shape[1] if is_there else -1
        assert cells[row, column] == wanted


@pytest.mark.parametrize(
    ("kind", "periodic"),
    [("triangular", True), ("triangular", False), ("honeycomb", True), ("honeycomb", False)],
)
def test_every_site_has_its_share_and_all_of_it_is_shown(kind: str, periodic: bool) -> None:
    cells = cell_map(kind, (6, 8), (periodic, periodic), 600)
    counts = np.bincount(cells[cells >= 0], minlength=48)
    assert counts.min() > 0.93 * counts.mean()
    assert counts.max() < 1.07 * counts.mean()
    assert ((cells < 0).any()) == (not periodic)


def test_what_belongs_to_no_site_has_the_ground() -> None:
    image = paint_cells(np.array([[0, -1], [1, 1]]), np.array([[1, 2], [3, 4]]), np.array([9, 9]))
    assert image.tolist() == [[[1, 2], [9, 9]], [[3, 4], [3, 4]]]
