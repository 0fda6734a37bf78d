import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.settings.config import Config
from isotherm.settings.fields import describe
from isotherm.settings.layers import merge, read_flags, read_toml
from isotherm.studies.choices.config import ChoicesConfig
from isotherm.study.presets import build_config
from isotherm.study.report.html import command_of

REFUSED = [
    ({"tosses": 0}, "tosses = 0: should be greater than or equal to 1"),
    ({"tosses": 100_001}, "tosses = 100001: should be less than or equal to 100000"),
    ({"tosses": True}, "tosses = True: should be a valid integer"),
    ({"tosses": "5"}, "tosses = '5': should be a valid integer"),
    ({"tosses": 5.5}, "tosses = 5.5: should be a valid integer"),
    ({"tosses": None}, "tosses = None: should be a valid integer"),
    ({"biases": (0.0, 2.0)}, "biases.1 = 2.0: should be less than or equal to 1"),
    ({"biases": ()}, "biases = (): should have at least 1 item"),
    ({"biases": ("x",)}, "biases.0 = 'x': should be a valid number"),
    ({"biases": 0.5}, "biases = 0.5: should be a valid tuple"),
    ({"biases": (math.nan,)}, "biases.0 = nan: should be a finite number"),
    ({"delay_s": math.inf}, "delay_s = inf: should be a finite number"),
    ({"delay_s": False}, "delay_s = False: should be a valid number"),
    ({"runs": 1001}, "runs = 1001: should be less than or equal to 1000"),
    ({"mode": "far"}, "mode = 'far': should be 'fair' or 'loaded'; did you mean 'fair'?"),
    ({"is_counted": 1}, "is_counted = 1: should be a valid boolean"),
    ({"seed": -1}, "seed = -1: should be greater than or equal to 0"),
    ({"fault": "none "}, "fault = 'none ': should be 'none', 'raise' or 'die'; did you mean 'none'?"),
    ({"table": 3}, "table = 3: should be a valid string"),
    ({"lamp": {"watts": 0}}, "lamp.watts = 0: should be greater than or equal to 1"),
    ({"lamp": {"wats": 1}}, "lamp.wats = 1: is not a field of Lamp; did you mean 'watts'?"),
    ({"lamp": 1}, "lamp = 1: should be a valid dictionary or instance of Lamp"),
    ({"tossses": 1}, "tossses = 1: is not a field of CoinsConfig; did you mean 'tosses'?"),
]


@pytest.mark.parametrize(("values", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_a_bad_value_is_refused_in_one_line(values: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=r".*") as refused:
        CoinsConfig(**values)
    assert str(refused.value) == line


def test_every_field_is_refused_somewhere_above() -> None:
    assert {name for values, _ in REFUSED for name in values} >= set(CoinsConfig.model_fields)


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"^tosses = 0: should be .*; seed = -1: should be [^;]*$"):
        CoinsConfig(tosses=0, seed=-1)


def test_a_config_cannot_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        CoinsConfig().tosses = 3


def test_lists_and_whole_numbers_become_what_the_field_is() -> None:
    config = CoinsConfig.model_validate({"biases": [0, 1]})
    assert config.biases == (0.0, 1.0)
    assert config.fingerprint("coins") == CoinsConfig(biases=(0.0, 1.0)).fingerprint("coins")


def test_the_fingerprint_tells_all_that_results_depend_on() -> None:
    config = CoinsConfig()
    prints = {
        config.fingerprint("coins"),
        config.fingerprint("dice"),
        config.fingerprint("coins", 2),
        config.fingerprint("coins", 1, {"table": "00"}),
        CoinsConfig(seed=1).fingerprint("coins"),
        CoinsConfig.model_validate({"lamp": {"watts": 61}}).fingerprint("coins"),
    }
    assert len(prints) == 6


def test_fields_are_described_from_the_class() -> None:
    fields = {field.name: field for field in describe(CoinsConfig)}
    assert fields["lamp.watts"].flag == "--lamp.watts"
    assert fields["lamp.watts"].allowed == "at least 1, at most 100"
    assert fields["biases"].type == "float,..."
    assert fields["biases"].allowed == "at least 1 values, each at least -1 and at most 1"
    (path,) = [field for field in describe(ChoicesConfig) if field.name == "two_step"]
    assert path.allowed == "at most 4096 characters"
    assert fields["mode"].type == "fair | loaded"
    assert fields["tosses"].doc == "Tosses a coin."


@pytest.mark.parametrize(
    "words",
    [
        ["--biases=-0.5,0.25"],
        ["--biases", "-0.5", "0.25"],
        ["--biases", "-0.5,0.25"],
        ["--biases=0.1", "--biases=-0.5, 0.25"],
    ],
)
def test_sequences_take_commas_and_spaces(words: list[str]) -> None:
    assert read_flags(CoinsConfig, words) == {"biases": (-0.5, 0.25)}


def test_flags_use_dashes_dots_and_bare_switches() -> None:
    words = ["--is-counted", "--lamp.watts=7", "--delay-s", "1e-3", "--seed=5"]
    assert read_flags(CoinsConfig, words) == {
        "is_counted": True,
        "lamp": {"watts": 7},
        "delay_s": 0.001,
        "seed": 5,
    }


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--tosess=3"], "flag = '--tosess': is no setting here; did you mean '--tosses'?"),
        (["--seed"], "seed: needs a value, as in --seed=0"),
        (["--seed", "1", "2"], "seed: takes one value, got 2, as in --seed=0"),
        (["--biases"], "biases: needs values, as in --biases=-0.5,0,0.5"),
        (["extra"], "argument = 'extra': is not understood; settings are written --field=value"),
        (["-x"], "argument = '-x': is not understood; settings are written --field=value"),
    ],
)
def test_bad_flags_are_refused(words: list[str], line: str) -> None:
    with pytest.raises(ValueError, match=r".*") as refused:
        read_flags(CoinsConfig, words)
    assert str(refused.value) == line


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.builds(
        CoinsConfig,
        tosses=st.integers(1, 100_000),
        biases=st.lists(st.floats(-1, 1), min_size=1, max_size=4).map(tuple),
        is_counted=st.booleans(),
        mode=st.sampled_from(["fair", "loaded"]),
        table=st.sampled_from(["", "a b", "x=y"]),
        lamp=st.fixed_dictionaries({"watts": st.integers(1, 100)}),
    )
)
def test_the_command_of_a_config_gives_the_config(config: CoinsConfig) -> None:
    words = command_of("coins", config.settings(), CoinsConfig())[3:]
    assert build_config(Coins(), flags=read_flags(CoinsConfig, words)) == config


def test_sources_override_each_other_in_order(tmp_path: Any) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("runs = 5\nseed = 7\n[lamp]\nwatts = 3\n")
    config = build_config(Coins(), "smoke", file, {"seed": 8, "lamp": {"colour": "green"}})
    assert isinstance(config, CoinsConfig)
    assert (config.runs, config.seed, config.tosses) == (5, 8, 100)
    assert (config.lamp.watts, config.lamp.colour) == (3, "green")
    assert build_config(Coins(), "smoke").settings()["runs"] == 4


def test_merge_leaves_its_arguments_alone() -> None:
    lower = {"a": {"b": 1}}
    assert merge(lower, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
    assert lower == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"runs =", r"is not valid TOML: [^\n]+"),
        (b"runs = 1\nruns = 2", r"is not valid TOML: [^\n]+"),
        (b"\xff\xfe", "is no text in UTF-8"),
    ],
)
def test_bad_toml_is_refused_in_one_line(tmp_path: Any, content: bytes, message: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^config = '.*bad.toml': {message}$"):
        read_toml(file)


def test_presets_are_configs() -> None:
    assert isinstance(build_config(Coins()), Config)
    with pytest.raises(ValueError, match=r"preset = 'publishd': .* did you mean 'published'"):
        build_config(Coins(), "publishd")


@pytest.mark.parametrize(
    "content",
    [
        "a" + ".a" * 20_000 + " = 1\n",
        "[" + "'a' . " * 30 + "a]\n",
        "x = { a" + ".a" * 20 + " = 1 }\n",
        "a = " + "[" * 21 + "]" * 21 + "\n",
        "a = " + "[" * 5000 + "]" * 5000 + "\n",
    ],
)
def test_toml_of_too_many_levels_is_one_line(tmp_path: Any, content: str) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(content)
    with pytest.raises(
        ValueError, match=r"^config = '.*deep.toml': has too many levels; at most 20 are read$"
    ):
        read_toml(file)


def test_toml_of_as_many_levels_as_are_read_is_read(tmp_path: Any) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(
        "a"
        + ".a" * 19
        + " = 1\nb = "
        + "[" * 19
        + "]" * 19
        + "\nc = 'a-long.er.word'\n"
        + "d" * 9000
        + " = 2"
    )
    found = read_toml(file)
    assert found["c"] == "a-long.er.word"
    for _ in range(20):
        found = found["a"]
    assert found == 1
