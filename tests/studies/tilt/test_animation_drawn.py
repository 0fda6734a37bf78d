"""What the animation of the tilt study draws, read back from its axes and its pixels."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet

from isotherm.studies.tilt import animation
from isotherm.studies.tilt.animation import Frame, Gaussian2, animate, grid

pytestmark = pytest.mark.usefixtures("nothing_global")

BASE = Gaussian2(np.array([-1.0, 0.5]), np.array([[0.25, 0.1], [0.1, 0.36]]))
TILTED = Gaussian2(np.array([0.5, -0.5]), np.array([[0.16, 0.0], [0.0, 0.25]]))
REWARD = np.add.outer(10 * grid(), grid())
"""Ten times the next state and once the action, so that neither axis is the other."""


def heights(law: Gaussian2, points: np.ndarray) -> np.ndarray:
    """``exp(log p - max)`` of points ``(n, 2)``, one by one."""
    inverse = np.linalg.inv(law.covariance)
    return np.array([np.exp(-0.5 * (x - law.mean) @ inverse @ (x - law.mean)) for x in points])


def test_each_level_is_ten_ellipses_of_equal_density() -> None:
    found = animation._contours(BASE)
    assert len(found) == 10
    for ellipse, height in zip(found, 0.05 + 0.1 * np.arange(10), strict=True):
        np.testing.assert_allclose(heights(BASE, ellipse), height, rtol=1e-9)
        np.testing.assert_allclose(ellipse[0], ellipse[-1], atol=1e-9)
        assert len(ellipse) == 121
        np.testing.assert_allclose(ellipse[:-1].mean(0), BASE.mean, atol=1e-9)


def test_what_stands_still_are_the_reward_and_both_laws() -> None:
    figure, panels = animation._stage(["one", "two"], BASE, TILTED, REWARD)
    assert [axes.get_title() or axes.get_title("left") for axes in panels] == ["one", "two"]
    for axes in panels:
        assert (axes.get_xlim(), axes.get_ylim()) == ((-3, 3), (-3, 3))
        reward, *laws = (one for one in axes.collections if isinstance(one, QuadContourSet))
        middle = int(np.argmin(np.abs(reward.levels)))
        line = reward.get_paths()[middle].vertices  # 10 s + a is constant, and s changes the slower
        np.testing.assert_allclose(10 * line[:, 1] + line[:, 0], reward.levels[middle], atol=1e-6)
        np.testing.assert_allclose(reward.levels, 6.0 * np.arange(-6, 7))
        filled, lines = laws[0::2], laws[1::2]
        for law, fill, contour in zip((BASE, TILTED), filled, lines, strict=True):
            np.testing.assert_allclose(contour.levels, 0.05 + 0.9 * np.arange(8) / 7)
            for path, level in zip(contour.get_paths(), contour.levels, strict=True):
                np.testing.assert_allclose(heights(law, path.vertices), level, atol=0.01)
            corners = np.concatenate([path.vertices for path in fill.get_paths() if len(path.vertices)])
            assert 0.0 < heights(law, corners).min() < 0.04, "filled down to where little is left"
            assert heights(law, corners).min() > 0.01
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "base policy", "tilted target", "target of this level", "reward", "particles",
    ]  # fmt: skip


def pixel(axes: Axes, action: float, state: float) -> tuple[int, int]:
    """Row and column of a point in a frame of 800 by 900 pixels."""
    x, y = axes.transData.transform((action, state))
    return int(800 - y), int(x)


def test_frames_hold_their_particles_and_the_ellipses_of_their_level(monkeypatch) -> None:
    kept: list[np.ndarray] = []
    monkeypatch.setattr(animation, "looping_gif", lambda drawn, frame_ms: kept.extend(drawn) or b"gif")
    levels = [Gaussian2(np.array([at, 1.5]), 0.09 * np.eye(2)) for at in (-2.0, 2.0)]
    actions = np.array([[-2.5, 0.0, 2.5], [1.0, -1.0, 0.0]])
    particles = np.array([[[2.5, -2.5], [2.5, 2.0], [2.0, 2.5]], [[-2.0, -2.5], [-2.0, -2.5], [-2.0, 2.6]]])
    frames = [
        Frame(f"level {at}", level, a, p)
        for at, (level, a, p) in enumerate(zip(levels, actions, particles, strict=True))
    ]
    options = {"base": BASE, "tilted": TILTED, "reward": REWARD}
    found = animate("walk", "seen", frames, titles=["a", "b", "c"], **options)
    assert (found.name, found.caption, found.gif) == ("walk", "seen", b"gif")
    assert [frame.shape for frame in kept] == [(800, 900, 3)] * 2
    _, panels = animation._stage(["a", "b", "c"], BASE, TILTED, REWARD)
    ink = np.array(tuple(bytes.fromhex(animation.INK[1:])))
    for at, other in ((0, 1), (1, 0)):
        for panel, axes in enumerate(panels):
            for state in particles[at, panel]:
                here = pixel(axes, actions[at, panel], state)
                np.testing.assert_allclose(kept[at][here].astype(int), ink, atol=3)
                assert np.abs(kept[other][here].astype(int) - ink).max() > 60, "gone from the other frame"
            # the outermost ellipse, of radius 0.3 √(2 log 20), to the right of its centre
            centre = levels[at].mean
            row, column = pixel(axes, centre[0] - 0.3 * np.sqrt(2 * np.log(20)), centre[1])
            near = kept[at][row - 1 : row + 2, column - 2 : column + 3].astype(int)
            assert (near[..., 1] - near[..., 0]).max() > 60, "green"
            away = kept[other][row - 1 : row + 2, column - 2 : column + 3].astype(int)
            assert (away[..., 1] - away[..., 0]).max() < 40
    # the headlines differ; below and beside the panels nothing moves
    assert (kept[0][:60] != kept[1][:60]).any()
    np.testing.assert_array_equal(kept[0][750:], kept[1][750:])
