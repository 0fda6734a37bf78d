import importlib.util
import subprocess
import sys

import pytest
from tests.support.toy_study import Coins

from isotherm.settings.config import Config
from isotherm.settings.fields import describe
from isotherm.study.presets import build_config
from isotherm.study.registry import (
    FORMER,
    STUDIES,
    entry_of,
    find_registered,
    find_study,
    place_of,
    public_name,
)

RUN_FLAGS = {"--preset", "--config", "--out", "--workers", "--device", "--json", "--help"}


@pytest.fixture(params=STUDIES)
def name(request: pytest.FixtureRequest) -> str:
    """Each study that is installed."""
    found: str = request.param
    if importlib.util.find_spec(STUDIES[found].partition(":")[0]) is None:
        pytest.skip("not written yet")
    return found


def test_a_study_says_what_it_is(name: str) -> None:
    study = find_study(name)
    assert (study.name, entry_of(study), public_name(study)) == (name, name, name)
    assert study.title
    assert study.summary.strip().endswith(".")
    assert {"smoke", "published", study.default_preset} <= set(study.presets)


def test_a_study_is_found_by_its_name_wherever_its_module_lay_or_lies(name: str) -> None:
    study = find_study(name)
    for place in (name, place_of(study), *(place for place, found in FORMER.items() if found == name)):
        assert type(find_study(place)) is type(study)
        assert type(find_registered(name, place)) is type(study)
    assert find_registered(name, "elsewhere:Study") is None
    assert find_registered(name, next(place for place, other in FORMER.items() if other != name)) is None


NEVER_ELSEWHERE = {
    "backtest",
    "choices",
    "ensemble",
    "gridworld",
    "pool-flow",
    "pool-routing",
    "train",
    "tune",
    "walk-forward",
}


def test_every_study_that_once_lay_elsewhere_is_remembered() -> None:
    assert set(FORMER.values()) == set(STUDIES) - NEVER_ELSEWHERE
    assert len(FORMER) == len(set(FORMER.values()))


def test_presets_are_valid_and_have_work(name: str) -> None:
    study = find_study(name)
    for preset in study.presets:
        config = build_config(study, preset)
        assert isinstance(config, Config)
        tasks = study.tasks(config)
        assert tasks
        assert len({task.name for task in tasks}) == len(tasks)


def test_settings_are_documented_and_no_flag_of_run(name: str) -> None:
    for field in describe(type(find_study(name)).config):
        assert field.doc, field.name
        assert field.flag not in RUN_FLAGS


def test_importing_a_study_is_cheap(name: str) -> None:
    code = (
        f"import sys; from isotherm.study import find_study; find_study({name!r});"
        "sys.exit(str({'jax', 'matplotlib', 'polars'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_a_study_of_ones_own_is_named_by_its_class() -> None:
    assert public_name(find_study("tests.support.toy_study:Coins")) == "tests.support.toy_study:Coins"
    assert isinstance(find_study("tests.support.toy_study:Coins"), Coins)
