"""Synthetic results in the studies' layout, and what every figure must satisfy."""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from isotherm.studies.routing.drawings.regret import Panel, Series
from isotherm.study.base import Figure

AGENTS = {
    "epsilon-greedy": ("ε-greedy", 2800.0),
    "thompson": ("Thompson", 2950.0),
    "ucb": ("UCB", 6300.0),
    "linucb": ("LinUCB", 2900.0),
    "winner-counts": ("Counter of winners", 1727.0),
    "ising": ("Ising router (published)", 1784.0),
    "ising-exact": ("Ising router, exact inference", 1743.0),
    "joint": ("Joint router (new)", 1722.0),
    "floor": ("Floor (knows the truth)", 1717.0),
}
SERIES = [Series(name, label) for name, (label, _) in AGENTS.items()]
TITLES = {"iid": "IID", "correlated": "Correlated", "regime-shift": "Regime shift"}


def panels(count: int) -> list[Panel]:
    cells = [(scenario, mode) for mode in ("fixed", "random") for scenario in TITLES]
    marks = {"regime-shift": (5000,)}
    return [Panel(f"{s}.{m}", f"{TITLES[s]}, {m} context", marks.get(s, ())) for s, m in cells[:count]]


def routing_arrays(runs: int = 20, scale: float = 1.0, points: int = 50) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    steps = np.linspace(10_000 / points, 10_000, points)
    arrays: dict[str, np.ndarray] = {}
    for panel in panels(6):
        arrays[f"{panel.cell}/steps"] = steps
        for name, (_, final) in AGENTS.items():
            key, floor = f"{panel.cell}/{name}", AGENTS["floor"][1]
            finals = scale * (final + 40 * rng.normal(size=runs))
            arrays[f"{key}/final"] = finals
            arrays[f"{key}/mean"] = scale * final * steps / 10_000
            arrays[f"{key}/sd"] = scale * 40 * np.sqrt(steps / 10_000)
            error = scale * 4 * np.sqrt(steps / 10_000) if runs > 1 else np.full(points, np.nan)
            for reference, level in (("floor", floor), ("ising", AGENTS["ising"][1]), ("best_fixed", 2000.0)):
                arrays[f"{key}/over_{reference}"] = scale * (final - level) * steps / 10_000
                arrays[f"{key}/over_{reference}_se"] = error
    return arrays


def generative_arrays(seeds: int = 8, venues: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    biases, pairs = np.linspace(0.8, -0.8, venues), list(combinations(range(venues), 2))
    truths = {
        "marginals": 1 / (1 + np.exp(-2 * biases)),
        "correlations": np.array([biases[i] * biases[j] for i, j in pairs]),
        "parameters": np.concatenate([biases, np.full(len(pairs), 0.4)]),
    }
    arrays: dict[str, np.ndarray] = {}
    for scenario in ("iid", "correlated"):
        for kind, true in truths.items():
            arrays[f"{scenario}/true/{kind}"] = true
            for learner, noise in (("published", 0.1), ("averaged", 0.005)):
                arrays[f"{scenario}/{learner}/{kind}"] = true + noise * rng.normal(size=(seeds, true.size))
            arrays[f"{scenario}/untrained/{kind}"] = np.zeros((1, true.size))
        for learner, level in (("published", 0.08), ("averaged", 0.005), ("untrained", 0.2)):
            for kind in ("marginal", "correlation"):
                arrays[f"{scenario}/{learner}/{kind}_error"] = level * rng.uniform(0.5, 1.5, size=seeds)
    return arrays


@pytest.fixture(scope="session")
def arrays() -> Mapping[str, np.ndarray]:
    return routing_arrays()


@pytest.fixture
def nothing_global() -> Iterator[None]:
    """Drawing leaves matplotlib's settings as they were, and no figure open."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def words(figure: Figure) -> list[Text]:
    """Titles, labels of axes, annotations and legends; ticks are left out."""
    found = [text for legend in figure.figure.legends for text in legend.get_texts()]
    for axes in figure.figure.axes:
        found += [axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title, *axes.texts]
    return [text for text in found if text.get_visible() and text.get_text()]


@pytest.fixture
def check() -> Callable[[Figure, int], list[str]]:
    """Draws a figure; its axes are as many as said, its words in sight and apart. Returns the words."""

    def checked(figure: Figure, num_axes: int) -> list[str]:
        canvas = FigureCanvasAgg(figure.figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        assert len(figure.figure.axes) == num_axes
        for axes in figure.figure.axes:
            assert np.all(np.isfinite([*axes.get_xlim(), *axes.get_ylim(), *axes.bbox.extents]))
            assert axes.bbox.width > 100
            assert axes.bbox.height > 60
        texts = words(figure)
        boxes = [Text.get_window_extent(text) for text in texts]  # of annotations without their lines
        for text, box in zip(texts, boxes, strict=True):
            inside = box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2
            assert inside, f"{text.get_text()!r} is cut off"
        for (one, a), (other, b) in combinations(zip(texts, boxes, strict=True), 2):
            across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across < 1 or along < 2.5, f"{one.get_text()!r} covers {other.get_text()!r}"
        return [text.get_text() for text in texts]

    return checked
