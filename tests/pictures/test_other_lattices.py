"""Pictures and videos on triangular, honeycomb and cubic lattices, with any coupling."""

import math
from pathlib import Path

import av
import numpy as np
import pytest

from isotherm.cli.main import main
from isotherm.pictures.lattice.config import VideoConfig, build_config
from isotherm.pictures.lattice.film import make_video
from isotherm.pictures.lattice.physics import build_model, lowest_energy, transition
from isotherm.pictures.still import make_picture
from isotherm.pictures.still_config import build_picture


def config(**values: object) -> VideoConfig:
    return VideoConfig(**{"beta": 0.5, "size": 8, **values})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("lattice", ["square", "triangular", "honeycomb", "cubic"])
@pytest.mark.parametrize("coupling", [1.0, -0.5, 2.0])
def test_the_model_is_the_one_asked_for(lattice: str, coupling: float) -> None:
    model = build_model(config(lattice=lattice, coupling=coupling))
    assert model.lattice.kind == lattice
    neighbours = {"square": 4, "triangular": 6, "honeycomb": 3, "cubic": 6}[lattice]
    sites = model.lattice.num_sites
    assert float(model.energy(model.ordered_state())) / sites == pytest.approx(-coupling * neighbours / 2)
    assert lowest_energy(config(lattice=lattice, coupling=coupling)) == pytest.approx(
        -abs(coupling) * neighbours / 2
    )


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"lattice": "triangular"}, 4 / math.log(3)),
        ({"lattice": "honeycomb"}, 2 / math.log(2 + math.sqrt(3))),
        ({"lattice": "square", "coupling": 3.0}, 6 / math.log(1 + math.sqrt(2))),
        ({"lattice": "square", "coupling": -3.0}, 6 / math.log(1 + math.sqrt(2))),
        ({"lattice": "honeycomb", "coupling": -1.0}, 2 / math.log(2 + math.sqrt(3))),
        ({"lattice": "cubic"}, 1 / 0.22165463),
        ({"lattice": "triangular", "coupling": -1.0}, None),
        ({"lattice": "triangular", "model": "potts"}, None),
        ({"lattice": "cubic", "model": "xy"}, None),
        ({"model": "xy", "coupling": 2.0}, 2 / 1.1199),
    ],
)
def test_where_it_orders(values: dict[str, object], place: float | None) -> None:
    found = transition(config(**values))
    assert found == (place if place is None else pytest.approx(place, rel=1e-6))


def test_the_frustrated_magnet_is_sampled_to_equilibrium(tmp_path: Path) -> None:
    """Clusters would freeze here, both chains at the same wrong energy; held against the exact sum."""
    flags = {"lattice": "triangular", "size": 4, "coupling": -1.0, "temperature": 0.7, "sweeps": 4000}
    report = make_picture(build_picture("ising", {}, flags), tmp_path / "a.png")
    model = build_model(config(lattice="triangular", size=4, coupling=-1.0))
    at = (np.arange(1 << 16)[:, None] >> np.arange(16) & 1) * 2 - 1
    ends = model.lattice.bonds
    energy = (at[:, ends[:, 0]] * at[:, ends[:, 1]]).sum(1)
    weights = np.exp(-(energy - energy.min()) / 0.7)
    truth = float((weights * energy).sum() / weights.sum()) / 16
    found, error = report.numbers["energy_per_site"], report.numbers["energy_error"]
    assert abs(found - truth) < 5 * error + 1e-3
    assert error < 0.02
    assert "heat-bath sweeps" in " ".join(report.notes)


@pytest.mark.parametrize(
    "flags",
    [
        {"lattice": "triangular", "size": 16},
        {"lattice": "honeycomb", "size": 16, "boundary": "open"},
        {"lattice": "cubic", "size": 8},
    ],
)
@pytest.mark.parametrize("name", ["ising", "potts", "xy"])
def test_pictures_and_films_are_drawn(flags: dict[str, object], name: str, tmp_path: Path) -> None:
    report = make_picture(
        build_picture(name, {}, {**flags, "temperature": 2.0, "sweeps": 20}), tmp_path / "a.png"
    )
    assert report.num_bytes > 1000
    film = build_config(name, {}, {**flags, "frames": 3, "beta": 0.5, "overlay": ["plot"]})
    made = make_video(film, tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 3
    assert frames[0].shape[:2] == made.shape
    assert np.abs(frames[0].astype(int) - frames[2]).mean() > 0.5


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["picture", "ising", "--lattice=cubic"], "size = 256: should be at most 128 in a cube"),
        (
            ["video", "ising", "--lattice=cubic", "--shape=8x8"],
            "shape = (8, 8): is for layers; a cube has --size",
        ),
        (["picture", "ising", "--coupling=0"], "coupling = 0.0: should not be 0"),
        (
            ["video", "ising", "--coupling=1e9"],
            "coupling = 1000000000.0: should be less than or equal to 100",
        ),
        (
            ["picture", "xy", "--lattice=triangular", "--overlay=arrows"],
            "overlay = 'arrows': needs a square lattice",
        ),
        (
            ["picture", "ising", "--lattice=hexagonal"],
            "lattice = 'hexagonal': should be 'square', 'triangular'",
        ),
        (
            ["picture", "ising", "--lattice=triangular", "--pixels=1025"],
            "pixels = 1025: should be even, and at least",
        ),
        (
            ["video", "xy", "--lattice=triangular", "--interpolation=lanczos"],
            "interpolation = 'lanczos': should be nearest where cells are no squares",
        ),
        (
            ["picture", "ising", "--lattice=honeycomb", "--size=33"],
            "shape[0] = 33: must be even where periodic",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(
    words: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"error: {line}")
    assert list(tmp_path.iterdir()) == []


def test_smooth_presets_give_way_to_cells() -> None:
    assert build_config("xy", {}, {"lattice": "honeycomb"}).interpolation == "nearest"
    assert build_config("xy", {}, {}).interpolation == "bilinear"
