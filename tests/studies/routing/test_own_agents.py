"""Agents of one's own in the routing studies, by ``module:Class``."""

import json
import re
import sys
from pathlib import Path

import pytest
from tests.support.shell import ROOT

from isotherm.cli.main import main
from isotherm.studies.routing.agents import AGENTS, agent_of, label_of
from isotherm.studies.routing.comparison import RoutingConfig
from isotherm.study.registry import find_study

AGENT = """
from isotherm.act import AbstractAgent, WinnerCounts
from mine_parts import SHARPNESS

class Counter(WinnerCounts):
    def __init__(self, num_venues):
        super().__init__(num_venues, sharpness=SHARPNESS)

class NoLearn(AbstractAgent):
    def init(self, key):
        return ()

class Wants(AbstractAgent):
    depth: int
    num_venues: int

    def init(self, key):
        return ()

    def act(self, key, state, observation):
        return 0, state

    def learn(self, key, state, transition):
        return state

class Breaks(AbstractAgent):
    def __init__(self, num_venues, num_context):
        raise RuntimeError(f"no {num_venues} venues, no {num_context} context")

    def init(self, key):
        return ()

    act = learn = init
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the user's agents, worked in; what was imported of it is forgotten."""
    name = f"mine_{tmp_path.name[-24:]}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(AGENT)
    (tmp_path / "mine_parts.py").write_text("SHARPNESS = 1.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path / f"{name}.py"
    for module in (name, "mine_parts"):
        sys.modules.pop(module, None)


def words(mine: Path, agents: str, *more: str) -> list[str]:
    agents = agents.replace("mine:", f"{mine.stem}:")
    sizes = ["--num-runs=2", "--num-steps=20", "--shift-steps=10", "--batch=2", "--num-points=5"]
    scenario = ["--scenarios=iid", "--modes=random"]
    return ["run", "routing", f"--agents={agents}", *sizes, *scenario, "--out=store", "--workers=1", *more]


def test_an_agent_of_ones_own_is_compared(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same class under the package's name and under the user's gives the same numbers."""
    assert main(words(mine, "mine:Counter,winner-counts,floor", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    regret = found["metrics"]["final_regret"]["iid"]["random"]
    assert regret[f"{mine.stem}:Counter"] == regret["winner-counts"]
    assert f"{mine.stem}:Counter" in found["metrics"]["over_floor"]["iid"]["random"]
    assert found["shown_again"] is False
    assert main(words(mine, "mine:Counter,winner-counts,floor")) == 0
    told = capsys.readouterr().out
    assert f"Counter ({mine.stem})" in told
    assert "shown again" in told
    path = Path(found["path"])
    assert f"Counter ({mine.stem})" in (path / "report.html").read_text()
    identity = json.loads((path / "config.json").read_text())
    assert sorted(identity["source"]) == sorted([mine.name, "mine_parts.py"])


def test_an_edit_computes_anew_and_so_does_one_of_what_it_imports(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fingerprint() -> str:
        assert main(words(mine, "mine:Counter", "--dry-run", "--json")) == 0
        return json.loads(capsys.readouterr().out)["fingerprint"]

    before = fingerprint()
    assert fingerprint() == before
    mine.with_name("other.py").write_text("x = 1")
    assert fingerprint() == before
    mine.with_name("mine_parts.py").write_text("SHARPNESS = 2.0\n")
    assert (after := fingerprint()) != before
    mine.write_text(AGENT + "\n# more\n")
    assert fingerprint() not in (before, after)


def test_showing_a_run_imports_nothing_of_it(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(mine, "mine:Counter")) == 0
    for module in (mine.stem, "mine_parts"):
        sys.modules.pop(module, None)
    mine.write_text("raise SystemExit('imported')")
    capsys.readouterr()
    assert main(["show", "routing", "--out=store"]) == 0
    told = capsys.readouterr().out
    assert f"Counter ({mine.stem})" in told
    assert (
        f"{mine.name}, mine_parts.py: changed since" in told
    )  # no longer reached from the one that is edited
    mine.write_text(AGENT)
    (path,) = Path("store").glob("routing-*")
    (path / "arrays.npz").write_bytes(b"broken")
    assert main(["show", "routing", "--out=store"]) == 2
    assert "the same command mends it" in capsys.readouterr().err
    assert mine.stem not in sys.modules
    assert main(words(mine, "mine:Counter")) == 0
    assert "arrays.npz: does not match its digest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("agents", "line"),
    [
        ("nowhere:X", "agents = 'nowhere': there is no module of that name here"),
        (
            "mine:Nothing",
            "agents = 'MINE:Nothing': cannot be imported: module 'MINE' has no attribute 'Nothing'",
        ),
        ("mine:NoLearn", "agents = 'MINE:NoLearn': lacks act, learn, that an agent must define"),
        (
            "mine:Wants",
            "agents = 'MINE:Wants': takes depth without a default; only num_venues and num_context",
        ),
        ("mine:Breaks", "agents = 'MINE:Breaks': cannot be made: RuntimeError: no 5 venues, no 1 context"),
        ("mine:SHARPNESS", "agents = 'MINE:SHARPNESS': is not a subclass of isotherm.act.AbstractAgent"),
        ("mine:", "agents.0 = 'MINE:': should be module:Class, as in mine:WinStay for a class in mine.py"),
        ("mine:a b", "agents.0 = 'MINE:a b': should be module:Class"),
        (
            "mine:Counter,mine:Counter",
            "agents = ('MINE:Counter', 'MINE:Counter'): should name each agent once",
        ),
        ("winner-count", "agents.0 = 'winner-count': should be 'epsilon-greedy', "),
    ],
)
def test_what_cannot_be_an_agent_is_one_line_before_any_work(
    agents: str, line: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(mine, agents)) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"error: {line.replace('MINE', mine.stem)}")
    assert not list(Path().glob("store/*"))
    if agents == "winner-count":
        assert told.endswith("did you mean 'winner-counts'?")


@pytest.mark.parametrize("study", ["routing", "routing-replay", "routing-structure", "pool-routing"])
def test_studies_of_routing_take_them_without_importing(study: str) -> None:
    found = find_study(study)
    config = found.config(**{**found.presets["smoke"], "agents": ("no_such_module:Mine", "joint")})
    assert found.modules(config) == {"no_such_module": "agents"}
    names = [task.name for task in found.tasks(config)] if study != "routing-replay" else ["x"]
    assert all(re.fullmatch(r"[\w-][\w.-]{0,150}", name) for name in names)
    assert config.settings()["agents"] == ["no_such_module:Mine", "joint"]
    with pytest.raises(ValueError, match="no_such_module"):
        found.check(config)


def test_those_of_the_package_are_as_they_were() -> None:
    assert label_of("joint") == AGENTS["joint"].label
    assert agent_of("joint") is AGENTS["joint"]
    assert label_of("fixed-3") == "fixed-3"
    routing = find_study("routing")
    assert not routing.modules(RoutingConfig())
    published = RoutingConfig(**routing.presets["published"])
    folders = (ROOT / "docs" / "generated" / "routing.md").read_text()
    assert f"routing-{published.fingerprint('routing', routing.version)[:12]}" in folders
