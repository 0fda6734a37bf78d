"""The verbs picture, and video of the Mandelbrot set: what is drawn is in equilibrium, and files are whole."""

import json
import os
from pathlib import Path

import av
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from isotherm.exact.lattice.onsager import kaufman
from isotherm.pictures import still as picture
from isotherm.pictures.fractal.config import FILMS
from isotherm.pictures.from_study import find_kind, still_names
from isotherm.pictures.lattice.config import build_config as build_video
from isotherm.pictures.lattice.physics import build_model, title, transition
from isotherm.pictures.still_config import (
    FRACTALS,
    PICTURES,
    TITLES,
    MandelbrotConfig,
    PictureConfig,
    build_picture,
)
from isotherm.plot.raster.palettes import spin_colours
from isotherm.plot.raster.still import Still, draw_still
from isotherm.studies.phases.study import PhaseDiagrams
from isotherm.study.presets import build_config
from isotherm.study.run.session import Run

SMALL = ("--size=16", "--pixels=384")


@pytest.mark.slow
def test_a_state_in_equilibrium_is_drawn(isotherm, tmp_path):
    """Energies of both starts agree with Kaufman's exact one; that of a temperature five per cent off does not."""
    code, printed, error = isotherm("picture", "ising", *SMALL, "--sweeps=2000", "--out=a.png", "--json")
    assert (code, error) == (0, "")
    found = json.loads(printed)
    exact, wrong = (kaufman(16, 16, beta)["energy_per_site"] for beta in (1 / 2.3, 1.05 / 2.3))
    assert abs(found["energy_per_site"] - exact) < 4 * found["energy_error"]
    assert abs(found["energy_per_site"] - wrong) > 4 * found["energy_error"]
    assert found["is_settled"]
    assert os.listdir(tmp_path) == ["a.png"]
    assert found["bytes"] == Path("a.png").stat().st_size
    with Image.open("a.png") as image:
        assert image.width > 384


def test_sites_are_whole_pixels_of_the_two_colours():
    spins = np.where(np.random.default_rng(0).random((8, 12)) < 0.5, 1, -1).astype(np.int8)
    still = Still(spins, None, False, None, False, "Ising model", "8 × 12", 40, "dark", None)
    figure = draw_still(still)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())  # pyright: ignore[reportAttributeAccessIssue]
    margin = (pixels.shape[1] - 480) // 2
    inside = pixels[-margin - 320 : -margin, margin : margin + 480, :3]
    cells = inside.reshape(8, 40, 12, 40, 3).transpose(0, 2, 1, 3, 4).reshape(8, 12, -1, 3)
    assert (cells == cells[:, :, :1]).all()
    np.testing.assert_allclose(
        cells[::-1, :, 0], spin_colours()[(spins > 0).astype(int), :3].astype(int), atol=2
    )


@pytest.mark.slow
def test_vortices_are_counted_and_warned_of_too_few_sweeps(isotherm):
    words = (*SMALL, "--sweeps=40", "--overlay=vortices,arrows", "--temperature=1.2", "--ground=light")
    code, printed, _ = isotherm("picture", "xy-vortices", *words, "--json")
    assert code == 0
    found = json.loads(printed)
    assert found["vortices"] == found["antivortices"] > 0
    assert found["settings"]["temperature"] == 1.2
    words = ("--size=64", "--pixels=384", "--sweeps=20", "--seed=1")
    code, _, error = isotherm("picture", "potts-critical", *words)
    assert code == 0
    assert error.startswith("warning: From order -")
    assert "take more --sweeps" in error


@pytest.mark.slow
def test_the_mandelbrot_set_is_drawn_and_filmed(isotherm, tmp_path):
    code, printed, error = isotherm("picture", "mandelbrot-iterations", "--pixels=96", "--depths=5,10,40")
    assert (code, error) == (0, "")
    assert "Deterministic iteration, not sampling." in printed
    assert "of 96 × 72 points escape within 40 iterations" in printed
    words = ("--frames=6", "--pixels=320", "--depth=40", "--json")
    for name, height in (("mandelbrot-zoom", 256), ("mandelbrot-emergence", 180)):
        code, printed, error = isotherm("video", name, *words)
        assert (code, error) == (0, "")
        assert json.loads(printed)["height"] == height
        with av.open(f"{name}.mp4") as film:
            frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
        assert len(frames) == 6
        assert frames[0].shape == (height, 320, 3)
        assert np.abs(frames[-1] - frames[0]).mean() > 2
    assert sorted(os.listdir(tmp_path)) == [
        "mandelbrot-emergence.mp4",
        "mandelbrot-iterations.png",
        "mandelbrot-zoom.mp4",
    ]


def test_a_figure_of_the_study_comes_out_of_its_run(isotherm, tmp_path, monkeypatch):
    """Run with the preset asked for, once; the file is the run's own, byte for byte."""
    calls = []

    facts = {"finished": "2026-11-28T14:33:20+00:00", "seconds": 3.0}
    done = Run(tmp_path / "run", PhaseDiagrams(), build_config(PhaseDiagrams(), "light"), "", {}, facts, True)

    def run(study, config, store, **options):
        calls.append((study.name, config, store, options["preset"]))
        (done.path / "figures").mkdir(parents=True, exist_ok=True)
        (done.path / "figures" / "showcase.png").write_bytes(b"drawn by the study")
        return done

    monkeypatch.setattr("isotherm.study.run.runner.run", run)
    code, printed, error = isotherm(
        *("picture", "showcase", "--preset=light", "--store=kept", "--workers=1", "--out=s.png")
    )
    assert (code, error) == (0, "")
    assert Path("s.png").read_bytes() == b"drawn by the study"
    assert calls == [("phase-diagrams", build_config(PhaseDiagrams(), "light"), Path("kept"), "light")]
    assert "run: run, shown again, computed on 2026-11-28 14:33 UTC in 3.0 s" in printed


def test_published_stills_are_all_there():
    names = still_names()
    assert len(names) == 19
    expected = {"ising-transition", "potts-beta-0.50", "potts-diagram", "xy-beta-0.30", "xy-diagram"}
    assert expected | {"showcase", "side-by-side", "summary", "stuck"} <= set(names)
    assert {find_kind(name) for name in names} == {"still"}
    assert {find_kind(name) for name in [*PICTURES, *FRACTALS]} == {"picture"}
    assert not set(names) & {*PICTURES, *FRACTALS}
    assert "ising-transition" not in still_names("smoke")


@pytest.mark.parametrize("name", list(PICTURES))
def test_every_picture_says_its_temperature(name):
    config = build_picture(name, {}, {})
    assert isinstance(config, PictureConfig)
    model = build_model(config.physics)
    assert config.cell * model.lattice.shape[1] >= 1000
    ratio = 1 / config.inverse_temperature / transition(config.physics)
    expected = {"critical": ratio == pytest.approx(1), "cold": ratio < 1, "hot": ratio > 1}
    assert expected.get(name.split("-")[-1], True)


def test_published_sizes_of_the_mandelbrot_set():
    sizes = {"mandelbrot-potential": ((1000, 1200), 512), "mandelbrot-iterations": ((600, 800), 800)}
    for name, (shape, depth) in sizes.items():
        config = build_picture(name, {}, {})
        assert isinstance(config, MandelbrotConfig)
        assert (config.shape, config.depths[-1]) == (shape, depth)


def test_flags_win_over_the_preset():
    config = build_picture("ising-critical", {"temperature": 3.0}, {"shape": ("8x16",), "seed": 3})
    assert isinstance(config, PictureConfig)
    assert (config.beta, config.temperature, config.shape, config.cell) == (None, 3.0, (8, 16), 64)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["picture", "--size=8"], "NAME: comes first"),
        (["picture", "ising-critica"], "did you mean 'ising-critical'?"),
        (["picture", "potts-beta-0.51"], "NAME = 'potts-beta-0.51': is no picture"),
        (["picture", "showcase", "--preset=publishd"], "did you mean 'published'?"),
        (["picture", "showcase", "--size=4"], "SETTING = '--size=4': showcase is a figure of the study"),
        (["picture", "showcase", "--out=a.pdf"], "out = 'a.pdf': pictures end in .png"),
        (["picture", "ising", "--out=no/a.png"], "the folder no does not exist"),
        (["picture", "ising", "--size=3"], "size = 3: should be greater than or equal to 4"),
        (["picture", "ising", "--shape=8x8x8"], "shape = (8, 8, 8)"),
        (["picture", "ising", "--beta=nan"], "beta = nan: should be a finite number"),
        (["picture", "ising", "--beta=1", "--temperature=1"], "exactly one says how cold it is"),
        (["picture", "ising", "--size=16", "--pixels=390"], "pixels = 390: should be a whole multiple of"),
        (["picture", "ising", "--states=4"], "error: states = 4: is for the Potts model"),
        (["picture", "potts", "--overlay=vortices"], "error: overlay = 'vortices': needs angles"),
        (["picture", "ising", "--palette=none-such"], "palette = 'none-such'"),
        (["picture", "ising", "--sweeps=0"], "sweeps = 0"),
        (["picture", "mandelbrot-potential", "--depths=5,10"], "the potential is drawn at one"),
        (["picture", "mandelbrot-iterations", "--depths=9,5"], "depths = (9, 5): should ascend"),
        (["picture", "mandelbrot-potential", "--beta=1"], "flag = '--beta'"),
        (["video", "mandelbrot-zom"], "did you mean 'mandelbrot-zoom'?"),
        (["video", "mandelbrot-zoom", "--frames=1"], "frames = 1: should be greater than or equal to 3"),
        (["video", "mandelbrot-zoom", "--out=film.avi"], "out = '.avi': files end in"),
        (["video", "mandelbrot-zoom", "--beta=1"], "flag = '--beta'"),
    ],
)
def test_bad_input_is_refused_in_one_line_before_work(isotherm, tmp_path, monkeypatch, words, message):
    for name in ("sample", "escape"):
        monkeypatch.setattr(picture, name, lambda *a, **k: pytest.fail("worked"))
    monkeypatch.setattr("isotherm.study.run.runner.run", lambda *a, **k: pytest.fail("worked"))
    monkeypatch.setattr("isotherm.pictures.fractal.film.escape", lambda *a: pytest.fail("worked"))
    code, printed, error = isotherm(*words)
    assert (code, printed, error.count("\n")) == (2, "", 1)
    assert error.startswith("error: ")
    assert message in error
    assert os.listdir(tmp_path) == []


def test_lists_and_help_name_everything(isotherm):
    code, printed, _ = isotherm("picture", "--list")
    assert code == 0
    assert set(TITLES) == {*PICTURES, *FRACTALS}
    assert all(name in printed for name in [*TITLES, *still_names()])
    found = json.loads(isotherm("picture", "--list", "--json")[1])
    assert (set(found["pictures"]), found["figures"]) == (set(TITLES), still_names())
    for verb in ("picture", "video"):
        code, printed, _ = isotherm(verb, "--help")
        assert code == 0
        assert "iteration, not sampling" in printed
    assert all(
        "--" + name.replace("_", "-") in isotherm("picture", "--help")[1] for name in ("sweeps", "depths")
    )
    assert set(FILMS) <= set(json.loads(isotherm("video", "--list", "--json")[1])["videos"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clock", "Clock model, 6 angles"),
        ("xy", "XY model"),
        ("potts", "Potts model, q = 3"),
        ("ising", "Ising model"),
    ],
)
def test_a_picture_is_titled_by_its_model(name, words):
    config = build_picture(name, {}, {})
    assert isinstance(config, PictureConfig)
    assert title(config.physics) == words


def test_published_videos_of_angles_keep_the_name_of_their_model():
    assert title(build_video("xy-massive", {}, {})) == "XY model, 16 angles"
    assert title(build_video("clock", {}, {})) == "Clock model, 16 angles"


@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_a_picture_out_of_equilibrium_says_so_on_itself(gap, monkeypatch):
    energies = np.random.default_rng(0).normal(scale=0.01, size=(2, 100)) + np.array([[0.0], [gap]])
    state = jnp.ones((8, 8), jnp.int8)
    monkeypatch.setattr(picture, "_equilibrium", lambda config, model: (state, energies))
    config = build_picture("ising", {}, {"size": 8, "pixels": 384})
    assert isinstance(config, PictureConfig)
    figure, _, notes, is_settled = picture._lattice(config)
    written = [text.get_text() for text in figure.texts]
    assert is_settled == (gap == 0)
    assert (picture.UNSETTLED in written) == (gap > 0)
    assert ("DISAGREE" in notes[-1]) == (gap > 0)
