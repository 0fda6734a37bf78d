"""The verb video: what is sampled is what is shown, and a run ends with a whole file, or says what is left."""

import json
import os
from pathlib import Path

import av
import numpy as np
import pytest

from isotherm.estimate.diagnostics import mcse
from isotherm.exact.lattice.onsager import kaufman
from isotherm.pictures.fractal.config import FILMS
from isotherm.pictures.lattice import film as video
from isotherm.pictures.lattice import sampling as video_sampling
from isotherm.pictures.lattice.config import PRESETS, TITLES, VideoConfig, build_config
from isotherm.pictures.lattice.physics import build_model, sentences, transition
from isotherm.pictures.lattice.record import Seen
from isotherm.pictures.lattice.sampling import chunk_size, sampled
from isotherm.pictures.lattice.scene import Scene
from isotherm.plot.raster.palettes import hues

OF_ISING = ("--size=16", "--frames=60", "--pixels=480", "--sweeps-per-frame=5")
"""One program serves all tests of the Ising model."""
SMALL = ("--size=32", "--frames=8", "--pixels=256")


def seen(config: VideoConfig) -> Seen:
    """All frames of a video together."""
    chunks = list(sampled(config, build_model(config)))
    return Seen(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))


def small(name: str, **changes) -> VideoConfig:
    return build_config(name, {}, {"size": 16, "frames": 12, **changes})


def test_a_video_is_made_and_its_physics_named(isotherm, tmp_path):
    code, printed, error = isotherm("video", "xy-massive", *SMALL, "--out=film.mp4", "--json")
    assert (code, error) == (0, "")
    found = json.loads(printed)
    assert (found["frames"], found["width"], found["height"]) == (8, 256, 256)
    assert sum(found["vortices"][0]) > 3 * sum(found["vortices"][1])
    assert "T / T_KT = 0.933" in found["notes"][0]
    assert "annihilate in pairs" in found["notes"][1]
    assert os.listdir(tmp_path) == ["film.mp4"]
    assert found["bytes"] == Path("film.mp4").stat().st_size
    with av.open("film.mp4") as film:
        frames = list(film.decode(video=0))
        assert (len(frames), film.streams.video[0].average_rate) == (8, 60)
        assert film.streams.video[0].codec_context.name == "hevc"


def test_the_best_quality_is_one_that_browsers_play(isotherm):
    Path("q0.toml").write_text("size = 16\nframes = 8\npixels = 256\nquality = 0\n")
    code, _, error = isotherm(
        "video", "xy-massive", "--config=q0.toml", "--codec=h264", "--out=film.mp4", "--json"
    )
    assert (code, error) == (0, "")
    with av.open("film.mp4") as film:
        assert film.streams.video[0].profile == "High"


def test_a_size_that_the_codec_does_not_take_is_one_line(isotherm, tmp_path):
    small = ("--size=4", "--pixels=2", "--overlay=", "--frames=2", "--codec=h265", "--out=film.mp4")
    code, _, error = isotherm("video", "ising", *small)
    allowed = "should be an even number of pixels, at least 16 for h265"
    assert (code, error) == (2, f"error: width = 2: {allowed}\n")
    assert os.listdir(tmp_path) == []


def test_hues_of_the_film_are_those_of_the_state(isotherm):
    """Ordered far below the transition, all of the lattice has the first hue."""
    words = ("--start=ordered", "--beta=50", "--overlay=", "--codec=h264", "--out=film.mp4")
    assert isotherm("video", "xy-massive", *SMALL, *words)[0] == 0
    with av.open("film.mp4") as film:
        frame = next(film.decode(video=0)).to_ndarray(format="rgb24", src_colorspace="ITU709")
    assert np.abs(frame.astype(int) - hues(16)[0, :3]).max() < 8


def test_summary_in_words(isotherm):
    code, printed, _ = isotherm("video", "ising-three-temperatures", *OF_ISING)
    assert code == 0
    assert "T runs from 1.2 to 4, across T_c = 2.2692." in printed
    assert "295 sweeps of 16 × 16 sites after 100 of warm-up, periodic boundaries." in printed
    assert printed.count("Onsager, infinite lattice") == 3
    assert "video: ising-three-temperatures.mp4" in printed
    assert Path("ising-three-temperatures.mp4").exists()


def test_the_state_carries_over_and_the_temperature_is_that_of_each_frame():
    """At the far end of a ramp nothing moves; on the way back everything does."""
    found = seen(small("ising", ramp=(4.0, 0.05, 4.0), frames=60, sweeps_per_frame=5))
    agree = (found.values[1:] == found.values[:-1]).mean((1, 2))
    assert agree[[0, 1, -2, -1]].max() < 0.75
    assert agree[27:32].min() > 0.95
    assert found.energy[30] < -1.7


def test_energies_are_those_of_each_temperature():
    """Stages of a small torus against Kaufman's exact energies; five per cent off is told apart."""
    config = small("ising", stages=(5.0, 3.0), frames=3000, sweeps_per_frame=5, warmup=50)
    found, legs = seen(config), config.legs()
    for leg, temperature in enumerate(config.stages):
        energies = found.energy[legs == leg][20:].astype(np.float64)
        error = float(mcse(energies[None]))
        exact, wrong = (
            kaufman(16, 16, beta)["energy_per_site"] for beta in (1 / temperature, 1.05 / temperature)
        )
        assert abs(energies.mean() - exact) < 4 * error
        assert abs(energies.mean() - wrong) > 4 * error


@pytest.mark.slow
def test_frames_do_not_depend_on_chunks_nor_recompile(monkeypatch):
    config = small("xy-quench", overlay=("vortices",), frames=13)
    whole = seen(config)
    assert whole.charges.shape == (13, 15, 15)
    np.testing.assert_array_equal((whole.charges > 0).sum((1, 2)), whole.counts[:, 0])
    traced = []
    monkeypatch.setattr(
        video_sampling, "_look", lambda *a, look=video_sampling._look: traced.append(1) or look(*a)
    )
    other = seen(small("xy-quench", overlay=("vortices",), frames=13, beta=0.7, seed=3, warmup=2))
    assert not traced
    assert (other.values != whole.values).mean() > 0.5
    monkeypatch.setattr(video_sampling, "_CHUNK_FRAMES", 5)
    assert chunk_size(config) == 5
    parts = seen(config)
    assert traced
    for one, two in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_all_models_are_seen_as_bytes():
    for name, changes, num_values in (("potts", {"states": 5}, 5), ("xy", {}, 256)):
        found = seen(small(name, frames=2, **changes))
        assert (found.values.dtype, found.values.shape) == (np.uint8, (2, 16, 16))
        assert found.values.max() > 0.75 * num_values - 1
        assert found.values.max() < num_values


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_drawn(name):
    """Frames of the published sizes: whole even multiples of the lattice."""
    assert set(TITLES) == set(PRESETS)
    config = build_config(name, {}, {})
    scene = Scene(config)
    assert scene.shape[0] >= 1000
    assert scene.shape[0] % 2 == scene.shape[1] % 2 == scene.shape[0] % config.rows_columns[0] == 0
    assert sentences(config, (10, 0))[0].startswith("T ")


def test_temperatures_over_time():
    ramp = VideoConfig(ramp=(4.0, 1.0, 4.0), frames=5)
    assert ramp.temperatures().tolist() == [4.0, 2.5, 1.0, 2.5, 4.0]
    assert ramp.legs().tolist() == [0, 0, 0, 1, 1]
    stages = VideoConfig(stages=(3.0, 2.0), frames=5)
    assert stages.temperatures().tolist() == [3.0, 3.0, 3.0, 2.0, 2.0]
    assert VideoConfig(beta=0.5, frames=2).temperatures().tolist() == [2.0, 2.0]


def test_transitions_of_all_models():
    expected = {"ising": 2.269185, "potts": 1 / 1.005053, "xy": 0.89294, "clock": 0.89294}
    for model, temperature in expected.items():
        assert transition(VideoConfig(model=model, beta=1.0)) == pytest.approx(temperature, rel=1e-5)
    four = VideoConfig(model="clock", angles=4, beta=1.0)
    assert transition(four) == pytest.approx(2.269185 / 2, rel=1e-5)
    low = VideoConfig(model="clock", angles=16, beta=5.0)
    assert "16 angles lock to their directions near T = 0.1" in sentences(low, None)[-1]


def test_flags_win_over_a_file_and_a_file_over_the_preset(isotherm, tmp_path):
    (tmp_path / "mine.toml").write_text("ramp = [3.0, 1.0]\nseed = 7\nframes = 50\n")
    words = ("--config=mine.toml", "--seed", "8", "--shape=16x16", "--codec=gif", "--fps=20", "--json")
    code, printed, error = isotherm("video", "ising", *OF_ISING, *words, "--pixels=256")
    assert (code, error) == (0, "")
    config = json.loads(printed)["config"]
    found = [config[name] for name in ("ramp", "beta", "seed", "frames", "shape")]
    assert found == [[3.0, 1.0], None, 8, 60, [16, 16]]
    assert Path("ising.gif").exists()


@pytest.mark.parametrize("keep", [False, True])
def test_an_interrupt_says_what_is_left(isotherm, tmp_path, monkeypatch, keep):
    draw = Scene.draw

    def interrupted(self, now):
        if now.index == 5:
            raise KeyboardInterrupt
        return draw(self, now)

    monkeypatch.setattr(video.Scene, "draw", interrupted)
    words = ["video", "xy-massive", *SMALL, "--out=film.mp4", *(["--keep-partial"] if keep else [])]
    code, printed, error = isotherm(*words)
    assert (code, printed) == (130, "")
    assert error.startswith("interrupted after 5 of 8 frames; ")
    assert ("film.mp4 holds these" in error) == keep
    assert os.listdir(tmp_path) == (["film.mp4"] if keep else [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mandelbrod"], "NAME = 'mandelbrod': is no model and no video"),
        (["ising-qench"], "did you mean 'ising-quench'?"),
        (["--size=8"], "NAME: comes first"),
        (["ising", "--size=2"], "size = 2: should be greater than or equal to 4"),
        (["ising", "--size=64", "--pixels=100"], "pixels = 100: should be an even multiple"),
        (["ising", "--beta=nan"], "beta = nan: should be a finite number"),
        (["ising", "--beta=-1"], "beta = -1.0: should be greater than 0"),
        (["ising", "--ramp=4:0:4"], "ramp.1 = 0: should be greater than 0"),
        (["ising", "--ramp=4"], "ramp = (4.0,): needs at least two temperatures"),
        (["ising", "--beta=1", "--stages=1:2"], "exactly one says the temperature"),
        (["ising", "--angles=4"], "angles = 4: is for the clock and XY models, not ising"),
        (["xy", "--states=4"], "states = 4: is for the Potts model, not xy"),
        (["potts", "--states=1"], "states = 1: "),
        (["potts", "--overlay=vortices"], "overlay = 'vortices': needs angles"),
        (["ising", "--shape=8x8x8"], "shape = (8, 8, 8): "),
        (["ising", "--codec=av1"], "codec = 'av1': should be"),
        (["ising", "--out=film.avi"], "out = '.avi': files end in"),
        (["ising", "--out=no/film.mp4"], "the folder no does not exist"),
        (["ising", "--palette=none-such"], "palette = 'none-such'"),
        (["ising", "--colour=red"], "flag = '--colour'"),
        (["ising", "--size=16", "--pixels=64"], "overlay = 'text': needs at least"),
        (
            ["ising", "--size=16", "--pixels=64", "--overlay=plot"],
            "overlay = 'plot': needs at least 400 pixels",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line_before_sampling(isotherm, tmp_path, monkeypatch, words, message):
    monkeypatch.setattr(video, "_instants", lambda config: pytest.fail("sampled"))
    code, printed, error = isotherm("video", *words)
    assert (code, printed, error.count("\n")) == (2, "", 1)
    assert error.startswith("error: ")
    assert message in error
    assert os.listdir(tmp_path) == []


def test_lists_and_help_name_everything(isotherm):
    code, printed, _ = isotherm("video", "--list")
    assert code == 0
    assert all(name in printed for name in PRESETS)
    assert set(json.loads(isotherm("video", "--list", "--json")[1])["videos"]) == {*PRESETS, *FILMS}
    code, printed, _ = isotherm("video", "xy", "--help")
    assert code == 0
    assert all("--" + name.replace("_", "-") in printed for name in VideoConfig.model_fields)
