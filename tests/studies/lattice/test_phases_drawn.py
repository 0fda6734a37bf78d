"""What the stills and sheets of the phase diagrams draw and say, read back from their axes; arrays made by hand."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.quiver import Quiver
from tests.support.told import assert_drawn, error_bars, is_drawn, told

from isotherm.plot.raster.lattice import angle_colours
from isotherm.studies.phases import drawings, sheets
from isotherm.studies.phases.view import View

pytestmark = pytest.mark.usefixtures("nothing_global")

MODELS = ("ising", "potts", "xy")
PICTURED = {"ising": [1.0, 2.2, 3.0], "potts": [0.5, 0.8, 2.0], "xy": [1.5, 0.5]}
CRITICAL = {"ising": 2.269, "potts": 0.85, "xy": 0.893}
RNG = np.random.default_rng(3)
SHAPE = (6, 6)


def states_of(model: str) -> np.ndarray:
    """``(pictured, starts, chains, samples, rows, columns)``, none like another."""
    drawn = RNG.integers(0, 16 if model == "xy" else 5, (len(PICTURED[model]), 2, 4, 4, *SHAPE))
    return np.where(drawn > 2, 1, -1) if model == "ising" else drawn


def row_of(temperature: float) -> dict:
    names = ("energy", "heat_capacity", "susceptibility", "abs_magnetization", "largest_fraction")
    found = {name: told(temperature + at / 8, 0.01) for at, name in enumerate(names)}
    found |= {"helicity_modulus": told(0.75, 0.002), "vortex_density": told(0.0125, 0.0005)}
    return {"temperature": temperature, **found}


@pytest.fixture(scope="module")
def view() -> View:
    arrays: dict[str, np.ndarray] = {}
    for model in MODELS:
        arrays[f"{model}/pictured"] = np.array(PICTURED[model])
        arrays[f"{model}/temperatures"] = np.sort([*PICTURED[model], 0.7])
        arrays[f"{model}/states"] = states_of(model)
        for start in ("order", "disorder", "all"):
            for name in ("abs_magnetization", "largest_fraction", "helicity_modulus"):
                values, errors = RNG.uniform(0.5, 1, (2, len(PICTURED[model]) + 1))
                arrays |= {f"{model}/{start}/{name}": values, f"{model}/{start}/{name}/error": errors / 10}
        arrays[f"{model}/local/orders"] = RNG.uniform(0.1, 0.4, (len(PICTURED[model]), 3))
        arrays[f"{model}/local/states"] = states_of(model)[:, 0, :3, 0]
    # five samples of two chains a start; at 0.7, the second temperature, the starts lie apart
    for what in ("energies", "orders"):
        arrays[f"potts/{what}"] = RNG.uniform(0, 1, (2, 4, 2, 5)) + 2 * np.arange(4)[:, None, None]
    arrays["xy/charges"] = np.zeros((2, 5, 5), int)
    arrays["xy/charges"][0, 1, 3] = arrays["xy/charges"][0, 4, 0] = 1
    arrays["xy/charges"][0, 2, 0] = -1
    starts = {"worst_z": 1.0, "bound": 4.0}
    metrics = {
        model: {
            "critical_temperature": CRITICAL[model],
            "starts": starts,
            "rows": [row_of(temperature) for temperature in PICTURED[model]],
        }
        for model in MODELS
    }
    return View("dark", "even", dict.fromkeys(MODELS, "6 × 6"), 5, 16, metrics, arrays)


def image_of(axes: Axes) -> np.ndarray:
    return np.asarray(axes.images[0].get_array())


def hues(states: np.ndarray) -> np.ndarray:
    return angle_colours("even")(states / 16)[..., :3]


def marks(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Centres of circles and of crosses."""
    (circles,) = (one for one in axes.collections if isinstance(one, EllipseCollection))
    (crosses,) = (one for one in axes.collections if isinstance(one, LineCollection))
    arms = np.array(crosses.get_segments()).reshape(-1, 2, 2, 2)  # two arms a cross
    return np.asarray(circles.get_offsets()), arms.mean((1, 2))


def assert_bars_of(axes: Axes, view: View, model: str, name: str) -> None:
    """Points and error bars of both starts, and the mark of the transition."""
    ends = []
    for start in ("order", "disorder"):
        temperatures, values, errors = view.line(model, start, name)
        assert is_drawn(axes, temperatures, values)
        ends.append(np.stack([values - errors, values + errors], axis=-1))
    for bars, wanted in zip(error_bars(axes), ends, strict=True):
        np.testing.assert_allclose(bars, wanted)
    assert is_drawn(axes, [CRITICAL[model]] * 2, [0, 1])


def test_a_potts_still_shows_one_chain_four_others_and_both_laws(view: View) -> None:
    figure = drawings.potts_picture(view, 1)
    *stills, key, energy, order = figure.figure.axes
    states = view.arrays["potts/states"][1]
    wanted = [states[0, 0, i] for i in range(4)] + [states[s, c, -1] for s in (0, 1) for c in (1, 2)]
    for axes, state in zip(stills, wanted, strict=True):
        np.testing.assert_array_equal(image_of(axes), state)
        assert axes.images[0].get_clim() == (-0.5, 4.5)
    assert [axes.get_title("left") for axes in stills] == [
        *(f"one chain, sample {i}" for i in (1, 2, 3, 4)),
        *["a chain from order"] * 2,
        *["a chain from disorder"] * 2,
    ]
    assert [text.get_text() for text in key.texts] == list("01234")
    for axes, what in ((energy, "energies"), (order, "orders")):
        samples = view.arrays[f"potts/{what}"][:, 2]  # 0.8 is the third of all temperatures
        pad = 0.02 * (samples.max() - samples.min())
        edges = np.linspace(samples.min() - pad, samples.max() + pad, 40)
        for patch, chains in zip(axes.patches, samples, strict=True):
            corners = np.asarray(patch.get_xy())
            np.testing.assert_allclose(corners[1:-1:2, 0], edges[:-1])
            np.testing.assert_allclose(corners[1:-1:2, 1], np.histogram(chains, edges, density=True)[0])
    assert energy.get_xlabel() == "energy a site"
    assert figure.name == "potts-beta-1.25"
    title = "Potts, q = 5, 6 × 6: T = 0.8, below $T_c$ = 0.850 (β = 1.25)"
    assert figure.figure.get_suptitle() == title
    assert "above $T_c$" in drawings.potts_picture(view, 2).figure.get_suptitle()


def test_an_xy_still_shows_spins_vortices_and_what_is_measured(view: View) -> None:
    arrows, colours, _, said = drawings.xy_picture(view, 0).figure.axes
    state = view.arrays["xy/states"][0, 0, 0, -1]
    (spins,) = (one for one in arrows.collections if isinstance(one, Quiver))
    np.testing.assert_allclose(spins.U, np.cos(2 * np.pi * state / 16).ravel(), atol=1e-12)
    np.testing.assert_allclose(spins.V, np.sin(2 * np.pi * state / 16).ravel(), atol=1e-12)
    np.testing.assert_array_equal(np.stack([spins.X, spins.Y]), np.indices(SHAPE)[::-1].reshape(2, -1))
    np.testing.assert_allclose(image_of(colours), hues(state), atol=0.01)  # neighbours of 256 colours
    circles, crosses = marks(colours)
    np.testing.assert_array_equal(circles, [[3.5, 1.5], [0.5, 4.5]])
    np.testing.assert_allclose(crosses, [[0.5, 2.5]])
    assert [text.get_text() for text in said.texts] == [
        "energy", "1.500 ± 0.010", "⟨|m|⟩", "1.875 ± 0.010", "helicity", "0.7500 ± 0.0020",
        "vortices", "0.01250 ± 0.00050", "in this picture: ○ 2, × 1", "above $T_{KT}$:\nvortices are free",
    ]  # fmt: skip
    cold = drawings.xy_picture(view, 1)
    assert "the few\nvortices are bound in pairs" in cold.figure.axes[-1].texts[-1].get_text()
    assert "T = 0.5, below $T_{KT}$ = 0.893 (β = 2)" in cold.figure.get_suptitle()


def test_the_sheet_of_stuck_chains_shows_the_furthest_below_equilibrium(view: View) -> None:
    figure = sheets.stuck(view).figure
    panels = iter(figure.axes)
    for model, symbol, name in (
        ("ising", "⟨|m|⟩", "abs_magnetization"),
        ("potts", "f", "largest_fraction"),
    ):
        orders = view.arrays[f"{model}/local/orders"]
        for at in (0, 1):  # of both temperatures below the transition
            axes, chain = next(panels), int(orders[at].argmin())
            np.testing.assert_array_equal(image_of(axes), view.arrays[f"{model}/local/states"][at, chain])
            lowest, temperature = orders[at].min(), PICTURED[model][at]
            assert axes.get_title("left") == f"T = {temperature:.3g}, {symbol} = {lowest:.2f}"
        axes, pictured = next(panels), np.array(PICTURED[model])
        temperatures, values, _ = view.line(model, "all", name)
        assert_drawn(
            axes,
            (temperatures, values),
            (np.repeat(pictured, 3), orders.ravel()),
            (pictured, orders.mean(1)),
            ([CRITICAL[model]] * 2, [0, 1]),
        )
    assert next(panels, None) is None


def test_the_furthest_chains_are_the_lowest_four_by_their_share_of_the_order() -> None:
    """Shares 0.5, 0.2, 0.4, 0.3, 0.1 from cold to hot; beyond nine tenths of the transition they come last."""
    pictured = np.array([2.0, 0.5, 1.0, 1.5, 2.2, 3.0])
    level = {0.5: 1.0, 1.0: 0.5, 1.5: 0.8, 2.0: 0.9, 2.2: 0.6, 3.0: 0.1}
    share = {0.5: 0.5, 1.0: 0.2, 1.5: 0.4, 2.0: 0.3, 2.2: 0.1, 3.0: 0.0}
    orders = np.array([[1.0, share[t] * level[t], 0.9] for t in pictured])
    arrays = {
        "ising/pictured": pictured, "ising/temperatures": np.array(list(level)),
        "ising/all/abs_magnetization": np.array(list(level.values())),
        "ising/all/abs_magnetization/error": np.zeros(6), "ising/local/orders": orders,
    }  # fmt: skip
    view = View("dark", "even", {"ising": ""}, 5, 16, {"ising": {"critical_temperature": 2.3}}, arrays)
    assert sheets._furthest(view, "ising") == [(1, 1), (2, 1), (3, 1), (0, 1)]
    few = view._replace(metrics={"ising": {"critical_temperature": 2.0}})
    assert sheets._furthest(few, "ising") == [(1, 1), (2, 1), (3, 1)], "below the transition only"
    near = view._replace(metrics={"ising": {"critical_temperature": 2.21}})
    assert sheets._furthest(near, "ising") == [(1, 1), (2, 1), (3, 1), (4, 1)], "2.0 and 2.2 are near"
    arrays["ising/all/abs_magnetization"][4] = 0.15  # an order of 0.06 at 2.2 is a share of 0.4
    assert sheets._furthest(near, "ising") == [(1, 1), (2, 1), (3, 1), (0, 1)]


def test_the_showcase_goes_from_cold_to_hot(view: View) -> None:
    figure = sheets.showcase(view).figure
    panels = iter(figure.axes)
    for model, name in zip(MODELS, ("Ising", "Potts", "Planar spins"), strict=True):
        states = view.arrays[f"{model}/states"][:, 0, 0, -1]
        for column, place in enumerate(np.argsort(PICTURED[model])):
            axes = next(panels)
            shown = hues(states[place]) if model == "xy" else states[place]
            np.testing.assert_allclose(image_of(axes), shown, atol=0.01)
            first = f"{name}, " if column == 0 else ""
            assert axes.get_title("left") == f"{first}T = {PICTURED[model][place]:.2f}"
            if model == "xy":
                assert [len(centres) for centres in marks(axes)] == ([2, 1] if place == 0 else [0, 0])
    assert next(panels, None) is None
    assert figure.get_suptitle() == "Spin lattices in equilibrium, from cold to hot"
    many = dict(view.arrays)
    many["ising/pictured"] = np.linspace(1, 4, 11)
    many["ising/states"] = np.repeat(view.arrays["ising/states"][:1], 11, axis=0)
    row = sheets.showcase(view._replace(arrays=many, wheres={"ising": ""})).figure.axes
    titles = [axes.get_title("left").rpartition(" ")[2] for axes in row]
    assert titles == ["1.00", "1.60", "2.20", "2.80", "3.40", "4.00"], "six of eleven"


def test_diagrams_stand_side_by_side_with_their_quantities(view: View) -> None:
    panels = sheets.side_by_side(view).figure.axes
    names = ("abs_magnetization", "largest_fraction", "helicity_modulus")
    for axes, model, name in zip(panels, MODELS, names, strict=True):
        assert_bars_of(axes, view, model, name)
    assert [axes.get_title("left") for axes in panels] == [
        "Ising, 6 × 6", "Potts, 6 × 6", "Planar spins, 6 × 6"
    ]  # fmt: skip


def test_the_summary_has_a_row_a_picture(view: View) -> None:
    (axes,) = sheets.summary(view).figure.axes
    rows: dict[float, list[str]] = {}
    for text in axes.texts:
        rows.setdefault(round(text.get_position()[1], 6), []).append(text.get_text())
    heads = ["order", "energy a site", "heat capacity", "susceptibility"]
    wanted, at = {}, 0.6
    for model, name in zip(MODELS, ("Ising", "Potts", "Planar spins"), strict=True):
        wanted[at] = [name, *heads]
        for temperature in PICTURED[model]:
            at = round(at + 1, 6)
            order = temperature + (0.5 if model == "potts" else 0.375)
            values = (order, temperature, temperature + 0.125, temperature + 0.25)
            wanted[at] = [f"T = {temperature:.3f}", *(f"{value:.3f} ± 0.010" for value in values)]
        at = round(at + 1.6, 6)
    assert rows == wanted
    assert axes.get_ylim() == pytest.approx((8 + 3 * 1.6, 0))
