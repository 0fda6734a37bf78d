"""What the routing studies say, from metrics made by hand, every number its own."""

import numpy as np
import pytest
from tests.support.told import cells

from isotherm.studies.generative.config import GenerativeConfig
from isotherm.studies.generative.study import RoutingGenerative
from isotherm.studies.routing import replay, structure
from isotherm.studies.routing.ablation import VARIANTS, AblationConfig, RoutingAblation
from isotherm.studies.routing.beta import BetaConfig, RoutingBeta
from isotherm.studies.routing.budget import BudgetConfig, RoutingBudget
from isotherm.studies.routing.comparison import Routing, RoutingConfig, is_published_setting
from isotherm.studies.routing.replay import ReplayConfig, RoutingReplay
from isotherm.studies.routing.structure import STATIONARY, RoutingStructure, StructureConfig
from isotherm.studies.routing.world_study import band, estimate, lookup, with_error
from isotherm.study.tables import Table


def one(mean: float, se: float | None = 2.5, n: int = 50) -> dict:
    return {"mean": mean, "se": se, "n": n}


ROUTING = RoutingConfig(
    scenarios=("iid", "correlated"),
    modes=("fixed",),
    agents=("thompson", "winner-counts", "ising", "joint", "floor"),
)


def routing_metrics() -> dict:
    names = ROUTING.agents
    return {
        "final_regret": {
            "iid": {"fixed": dict.fromkeys(names, one(0.0, 0.0))},
            "correlated": {
                "fixed": dict(zip(names, map(one, (940.0, 630.0, 624.0, 615.5, 600.0)), strict=True))
            },
        },
        "over_floor": {
            "iid": {"fixed": dict.fromkeys(names[:-1], one(0.0, 0.0))},
            "correlated": {
                "fixed": dict(zip(names, (one(m, 1.2) for m in (340.0, 30.0, 24.0, 15.5)), strict=False))
            },
        },
        "over_ising": {
            "correlated": {"fixed": {"joint": one(-8.5, 1.2), "floor": one(-24.0, 1.2)}},
        },
    }


def test_routing_concludes_from_its_numbers() -> None:
    standing, idle, one_hot, information = Routing().conclusions(ROUTING, routing_metrics())
    assert standing == (
        "Correlated, fixed context: **Joint router (new)** has the lowest mean regret, 615.5 ± "
        "2.5; above the floor, "
        "run by run: Counter of winners 30.0 ± 1.2, Ising router (published) 24.0 ± 1.2, Joint "
        "router (new) 15.5 ± 1.2."
    )
    assert idle == (
        "IID, fixed context: every agent has regret 0, for one choice is right whatever was learned."
    )
    assert one_hot.startswith("Labels are one-hot here")
    assert information.startswith("Information is not symmetric")


def test_routing_concludes_the_other_way() -> None:
    config = ROUTING.model_copy(update={"outcome": "own", "agents": ("ucb", "linucb")})
    found = {
        "final_regret": {
            name: {"fixed": {"ucb": one(5.0, None, 1), "linucb": one(7.0)}} for name in ("iid", "correlated")
        }
    }
    assert Routing().conclusions(config, found) == [
        "IID, fixed context: **UCB** has the lowest mean regret, 5 ± n/a, tied with LinUCB.",
        "Correlated, fixed context: **UCB** has the lowest mean regret, 5 ± n/a, tied with LinUCB.",
    ]


@pytest.mark.parametrize(("ising", "tied"), [(17.0, True), (24.0, False)])
def test_routing_names_ties_by_the_paired_distances(ising: float, tied: bool) -> None:
    found = routing_metrics()
    found["over_floor"]["correlated"]["fixed"]["ising"] = one(ising, 1.2)
    standing = Routing().conclusions(ROUTING, found)[0]
    assert ("615.5 ± 2.5, tied with Ising router (published); above" in standing) is tied


def test_routing_tables_hold_numbers_and_published_ones() -> None:
    final, floor, router = Routing().tables(ROUTING, routing_metrics())
    # published 624.83 with an error of 2.5 sqrt(50 / 200)
    assert cells(final)[2] == [
        "Ising router (published)",
        "0 ± 0 (50); published 0, +0.0 SE",
        f"624.0 ± 2.5 (50); published 624.8, {(624 - 624.83) / np.hypot(2.5, 1.25):+.1f} SE",
    ]
    assert cells(final)[3][2] == "615.5 ± 2.5 (50)"
    assert final.title == "Final cumulative regret after 10,000 orders, fixed context"
    assert "published mean of 200 runs" in final.note
    assert [row[0] for row in cells(floor)] == [
        "Thompson", "Counter of winners", "Ising router (published)", "Joint router (new)"
    ]  # fmt: skip
    assert cells(floor)[3][1:] == ["0 ± 0 (50)", "15.5 ± 1.2 (50)"]
    assert cells(router)[2][1:] == ["–", "-8.5 ± 1.2 (50)"]
    changed = ROUTING.model_copy(update={"num_steps": 500})
    assert "published" not in cells(Routing().tables(changed, routing_metrics())[0])[2][2]


def test_what_counts_as_the_published_setting() -> None:
    assert is_published_setting(ROUTING)
    assert is_published_setting(ROUTING.model_copy(update={"num_runs": 7, "seed": 3}))
    assert not is_published_setting(ROUTING.model_copy(update={"num_samples": 7}))


def test_helpers_of_sentences() -> None:
    assert with_error(one(622.0, 2.7)) == "622.0 ± 2.7"
    assert estimate(one(5.0, 2.0, 50), 4.0).published_se == 1.0
    assert estimate(one(5.0, None, 1), 4.0).published_se is None
    assert lookup({"a": {"b": 3}}, ("a", "b")) == 3
    assert lookup({"a": {}}, ("a", "b", "c")) is None
    found = band("x", np.array([[1.0, 2.0], [3.0, 6.0]]))
    np.testing.assert_allclose(found["x"], [2, 4])
    np.testing.assert_allclose(found["x_se"], [1, 2])


def test_ablation_says_what_each_loss_costs() -> None:
    config = AblationConfig(scenarios=("correlated",))
    over = {
        "ising-no-clamping": one(1820.4),
        "ising-no-couplings": one(1179.0),
        "ising-no-damping": one(-3.0),
    }
    (said,) = RoutingAblation().conclusions(config, {"over_ising": {"correlated": {"fixed": over}}})
    assert said == (
        "Correlated, fixed context: against the whole router, no clamping +1820 ± 2, no couplings "
        "+1179 ± 2, no propagation -3 ± 2 (not told from none)."
    )
    final = {name: one(600.0 + at) for at, name in enumerate(VARIANTS)}
    (table,) = RoutingAblation().tables(config, {"final_regret": {"correlated": {"fixed": final}}})
    assert [row[1].partition(" ±")[0] for row in cells(table)] == [
        "600.0",
        "601.0",
        "602.0",
        "603.0",
        "604.0",
    ]
    known = [row[1].partition("published ")[2].partition(",")[0] for row in cells(table)]
    assert known == ["624.8", "2445.4", "1803.6", "1091.5", ""]


BETA = BetaConfig()


def beta_metrics() -> dict:
    names = ("beta-0.1", "beta-0.5", "beta-1", "beta-2", "beta-5")
    above = {
        "correlated": (400.0, 450.0, 24.5, 30.0, 50.0),
        "regime-shift": (300.0, 290.0, 240.0, 220.25, 230.0),
    }
    final = {scenario: [600 + mean for mean in means] for scenario, means in above.items()}
    return {
        "over_floor": {s: {"fixed": dict(zip(names, map(one, v), strict=True))} for s, v in above.items()},
        "final_regret": {
            s: {"fixed": dict(zip(names, map(one, v), strict=True)) | {"floor": one(600.0)}}
            for s, v in final.items()
        },
    }


def test_beta_names_the_best_and_the_worst_temperature() -> None:
    assert RoutingBeta().conclusions(BETA, beta_metrics()) == [
        "Correlated, fixed context: best of these is **beta = 1**, 24.5 ± 2.5 above the floor, tied with 2; worst is "
        "beta = 0.5, 450.0 ± 2.5 above it.",
        "Regime shift, fixed context: best of these is **beta = 2**, 220.2 ± 2.5 above the floor, tied with 5; worst "
        "is beta = 0.1, 300.0 ± 2.5 above it, tied with 0.5.",
    ]
    sharp = beta_metrics()
    for told in sharp["over_floor"].values():
        told["fixed"] = {name: value | {"se": 0.5} for name, value in told["fixed"].items()}
    assert not any("tied" in line for line in RoutingBeta().conclusions(BETA, sharp))
    final, above = RoutingBeta().tables(BETA, beta_metrics())
    assert [row[0] for row in cells(final)] == ["0.1", "0.5", "1", "2", "5"]
    assert cells(final)[2][1].startswith("624.5 ± 2.5 (50); published 624.8")
    assert cells(final)[3][2].startswith("820.2 ± 2.5 (50); published 1815.8")
    assert cells(above)[1][1:] == ["450.0 ± 2.5 (50)", "290.0 ± 2.5 (50)"]
    ours = RoutingBeta().tables(BetaConfig(betas=(0.5, 1.0)), beta_metrics())[0]
    assert cells(ours)[1][1] == "624.5 ± 2.5 (50)"


BUDGET = BudgetConfig()


def budget_metrics(*means: float) -> dict:
    names = ("samples-10", "samples-25", "samples-50", "samples-100", "samples-200", "ising-exact")
    found = dict(zip(names, map(one, means), strict=True))
    final = {name: one(value["mean"] + 600) for name, value in found.items()} | {"floor": one(600.0)}
    return {"over_floor": {"correlated": {"fixed": found}}, "final_regret": {"correlated": {"fixed": final}}}


def test_budget_says_where_samples_stop_paying() -> None:
    # errors 2.5 each: three of the difference are 10.6
    assert RoutingBudget().conclusions(BUDGET, budget_metrics(107.5, 33.0, 30.0, 29.0, 23.0, 20.0)) == [
        "From 10 to 200 samples the distance to the floor falls from 107.5 to 23.0.",
        "**25 samples** are within three standard errors of the best budget (200).",
    ]
    assert RoutingBudget().conclusions(BUDGET, budget_metrics(33.0, 45.0, 30.0, 29.0, 23.0, 20.0)) == [
        "From 10 to 200 samples the distance to the floor goes from 33.0 to 23.0.",
        "**10 samples** are within three standard errors of the best budget (200).",
    ]
    assert RoutingBudget().conclusions(BUDGET, budget_metrics(34.0, 10.0, 30.0, 29.0, 23.0, 20.0)) == [
        "From 10 to 200 samples the distance to the floor falls from 34.0 to 23.0.",
        "**25 samples** are within three standard errors of the best budget (25).",
    ]
    final, above = RoutingBudget().tables(BUDGET, budget_metrics(107.5, 33.0, 30.0, 29.0, 23.0, 20.0))
    assert [row[0] for row in cells(final)] == ["10", "25", "50", "100", "200", "exact inference"]
    assert cells(final)[0][1].startswith("707.5 ± 2.5 (50); published 707.3")
    assert cells(final)[5][1] == "620.0 ± 2.5 (50)"
    assert cells(above)[1][1] == "33.0 ± 2.5 (50)"


STRUCTURE = StructureConfig(
    num_venues=6, context_sizes=(1, 2), sizes=(6, 8), strengths=(0.5, 1.0), num_steps=1_000, long_steps=5_000,
    agents=("thompson", "joint"),
)  # fmt: skip


def structure_metrics() -> dict:
    study = RoutingStructure()
    final: dict = {}
    worth = {}
    for at, cell in enumerate(study.cells(STRUCTURE)):
        kind, name = cell.path
        found = {
            "thompson": one(80.0 + at),
            "joint": one(50.0 + at),
            STATIONARY: one(60.0 + at),
            "floor": one(1.0),
        }
        final.setdefault(kind, {})[name] = found
        worth[cell.name] = {"ignored": 0.5, "used": 0.625 + at / 100, "regret": 1250.0 + at}
    return {"final_regret": final, "worth": worth, "catches_up": 3_000}


def test_structure_concludes_from_its_numbers() -> None:
    said = RoutingStructure().conclusions(STRUCTURE, structure_metrics())
    assert len(said) == 7
    assert said[0] == (
        "N = 6, K = 1: **Joint router (new)** has the lowest mean regret, 50.0 ± 2.5, tied with Thompson, nothing "
        "forgotten; knowing the truth but ignoring the context costs 1,250."
    )
    sharp = structure_metrics()
    for told in sharp["final_regret"].values():
        for name, values in told.items():
            told[name] = {agent: value | {"se": 0.5} for agent, value in values.items()}
    assert (
        RoutingStructure()
        .conclusions(STRUCTURE, sharp)[0]
        .startswith(
            "N = 6, K = 1: **Joint router (new)** has the lowest mean regret, 50.00 ± 0.50, then Thompson, nothing "
            "forgotten, 60.00 ± 0.50; knowing"
        )
    )
    assert said[3].startswith("N = 6, K = 1, couplings × 0.5: **Joint router (new)**")
    assert "53.0 ± 2.5" in said[3]
    assert said[4].startswith("N = 6, K = 1, 5,000 orders: ")
    assert said[5] == (
        "In the long run a Thompson table that forgets nothing loses no more per order than the "
        "joint router from about "
        "order 3,000 on; what it lost before stays lost."
    )
    never = structure_metrics() | {"catches_up": None}
    assert (
        RoutingStructure()
        .conclusions(STRUCTURE, never)[5]
        .endswith("still loses more per order than the joint router at the end.")
    )


def test_structure_tables_hold_the_numbers() -> None:
    by_context, worth, others, long = RoutingStructure().tables(STRUCTURE, structure_metrics())
    assert by_context.columns == ("agent", "N = 6, K = 1", "N = 6, K = 2")
    assert cells(by_context)[1] == ["Joint router (new)", "50.0 ± 2.5 (50)", "51.0 ± 2.5 (50)"]
    assert cells(by_context)[2][0] == "Thompson, nothing forgotten"
    assert cells(worth)[1] == ["N = 6, K = 2", "0.5000", "0.6350", "1,251"]
    assert others.columns == ("agent", "N = 8, K = 1", "N = 6, K = 1, couplings × 0.5")
    assert cells(others)[0][1:] == ["82.0 ± 2.5 (50)", "83.0 ± 2.5 (50)"]
    assert cells(long)[0][1:] == ["84.0 ± 2.5 (50)"]
    assert "5,000" in long.title


def long_run(table: list[float], joint: list[float]) -> dict[str, np.ndarray]:
    """Curves from what is lost in each of five stretches of 200 steps."""
    return {
        "long/steps": np.arange(200, 1001, 200),
        f"long/{STATIONARY}/mean": np.cumsum(table),
        "long/joint/mean": np.cumsum(joint),
    }


@pytest.mark.parametrize(
    ("table", "joint", "step"),
    [
        (
            [9, 6, 4, 2, 2],
            [3, 3, 3, 3, 3],
            400,
        ),  # 8 against 9 from the third stretch on, 14 against 12 before
        ([9, 5, 3, 3, 3], [3, 3, 3, 3, 3], 400),  # as much in what is left is no more
        ([9, 2, 2, 2, 2], [3, 3, 3, 3, 3], 200),
        ([9, 9, 9, 9, 2], [3, 3, 3, 3, 3], 800),
        ([9, 8, 7, 6, 5], [3, 3, 3, 3, 3], None),
        ([1, 1, 1, 2, 9], [3, 3, 3, 3, 3], None),
    ],
)
def test_a_table_has_caught_up_when_it_loses_no_more_in_what_is_left(
    table: list[float], joint: list[float], step: int | None
) -> None:
    assert structure._crossing(long_run(table, joint), "long") == step


REPLAY = ReplayConfig(agents=("thompson", "joint"), num_runs=8)


def replay_metrics() -> dict:
    def by_agent(first: float, second: float) -> dict:
        return {"thompson": one(first, 0.001, 8), "joint": one(second, 0.002, 8)}

    return {
        "success": by_agent(0.51, 0.55), "second_half": by_agent(0.515, 0.562),
        "over_best_fixed": by_agent(-0.0123, 0.0277), "below_clairvoyant": by_agent(0.49, 0.45),
        "best_fixed": one(0.5223, 0.0004, 8), "clairvoyant": one(0.9999, 0.0001, 8),
        "table": {"rows": 10, "venues": ["a", "b"], "left_out": []},
    }  # fmt: skip


def test_replay_concludes_from_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, derived = RoutingReplay().conclusions(REPLAY, replay_metrics())
    assert first == (
        "**Joint router (new)**: +2.77 ± 0.20 percentage points against the best fixed venue, 56.2 % "
        "success in the second "
        "half."
    )
    assert second == (
        "**Thompson**: -1.23 ± 0.10 percentage points against the best fixed venue, 51.5 % success in the second "
        "half."
    )
    assert derived.startswith("These are derived facts")
    vague = replay_metrics()
    vague["over_best_fixed"] = {name: one(0.01, 0.01, 8) for name in REPLAY.agents}
    assert (
        RoutingReplay()
        .conclusions(REPLAY, vague)[0]
        .startswith(
            "**Thompson**: +1.00 ± 1.00 percentage points, not to be told from none, against the best fixed venue"
        )
    )
    assert (
        len(RoutingReplay().conclusions(ReplayConfig(agents=REPLAY.agents, table="x.csv"), replay_metrics()))
        == 2
    )
    monkeypatch.setattr(replay, "reading_table", lambda said: Table("read", ("",), ()))
    _, table = RoutingReplay().tables(REPLAY, replay_metrics())
    assert cells(table) == [
        ["Thompson", "0.5100 ± 0.0010 (8)", "0.5150 ± 0.0010 (8)", "-0.0123 ± 0.0010 (8)",
         "0.4900 ± 0.0010 (8)"],
        ["Joint router (new)", "0.5500 ± 0.0020 (8)", "0.5620 ± 0.0020 (8)", "0.0277 ± 0.0020 (8)",
         "0.4500 ± 0.0020 (8)"],
        ["Best fixed venue in hindsight", "0.52230 ± 0.00040 (8)", "–", "–", "–"],
        ["Clairvoyant", "0.99990 ± 0.00010 (8)", "–", "–", "–"],
    ]  # fmt: skip


def test_replay_counts_from_records(tmp_path) -> None:
    path = tmp_path / "four.csv"
    path.write_text("a,b,c\n" + "1,0,1\n" * 4)
    config = ReplayConfig(table=str(path), agents=("thompson",), num_runs=2, batch=2, num_points=4)
    zeros = np.zeros((2, 4))
    fixed = np.array([[[1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 0, 0]]] * 2)
    chances = np.array([[[1, 1, 0]] * 4, [[1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 1, 0]]])
    results = {
        "table.thompson.0": {
            "success": np.array([[1, 1, 0, 1], [0, 1, 0, 0]]),
            "clairvoyant": zeros + 1,
            "fixed_success": fixed,
            "fixed_chances": chances,
        }
    }
    m = RoutingReplay().combine(config, results).metrics
    # venue a won 3 of 4, and 3 of the 3 steps in which it could be had
    assert m["best_fixed"] == pytest.approx({"mean": 0.875, "se": 0.125, "n": 2})
    assert m["success"]["thompson"] == pytest.approx({"mean": 0.5, "se": 0.25, "n": 2})
    # of steps three and four
    assert m["second_half"]["thompson"] == pytest.approx({"mean": 0.25, "se": 0.25, "n": 2})
    assert m["over_best_fixed"]["thompson"] == pytest.approx({"mean": -0.375, "se": 0.375, "n": 2})
    assert m["below_clairvoyant"]["thompson"]["mean"] == 0.5
    curves = RoutingReplay().combine(config, results).arrays["table/thompson/over_best_fixed"]
    np.testing.assert_allclose(curves, np.array([0.5, 1.5, 1.5, 2.0]) - 0.875 * np.arange(1, 5))


GENERATIVE = GenerativeConfig(num_venues=3, num_runs=4, batch=4, tolerance=0.08)


def generative_metrics() -> dict:
    def errors(marginals: float, correlations: float) -> dict:
        part = {"marginals": one(marginals, 0.002, 4), "correlations": one(correlations, 0.003, 4)}
        worst = {moment: {**value, "sd": 0.1, "worst": 2 * value["mean"]} for moment, value in part.items()}
        return {"exact": worst, "sampled": worst}

    rows = {"published": errors(0.11, 0.05), "averaged": errors(0.004, 0.0065), "untrained": errors(0.2, 0.3)}
    biases = {"mean": [0.85, 0.01, -0.9], "sd": [0.1, 0.2, 0.3]}
    passes = {
        "published": {"seeds": 1, "n": 4},
        "averaged": {"seeds": 4, "n": 4},
        "untrained": {"seeds": 0, "n": 1},
    }
    return {
        "error": {"iid": rows | {"published": errors(0.0433, 0.0703)}, "correlated": rows},
        "passes": {"iid": passes, "correlated": passes},
        "biases": {name: dict.fromkeys(("published", "averaged"), biases) for name in ("iid", "correlated")},
    }


def test_generative_concludes_from_its_numbers() -> None:
    said = RoutingGenerative().conclusions(GENERATIVE, generative_metrics())
    assert said[:4] == [
        "IID: the published learner passes; its larger error is 0.0703 ± 0.0030, and 1 of 4 "
        "seeds are within the "
        "tolerance of 0.08.",
        "IID: the averaged estimator (new) passes; its larger error is 0.0065 ± 0.0030, and 4 of "
        "4 seeds are within "
        "the tolerance of 0.08.",
        "Correlated: the published learner **fails**; its larger error is 0.1100 ± 0.0020, and 1 "
        "of 4 seeds are "
        "within the tolerance of 0.08.",
        "Correlated: the averaged estimator (new) passes; its larger error is 0.0065 ± 0.0030, "
        "and 4 of 4 seeds are "
        "within the tolerance of 0.08.",
    ]
    near = generative_metrics()
    near["error"]["iid"]["published"]["exact"]["correlations"]["mean"] = 0.0805
    assert (
        RoutingGenerative()
        .conclusions(GENERATIVE, near)[0]
        .startswith("IID: the published learner is at the limit")
    )
    exact, sampled, biases = RoutingGenerative().tables(GENERATIVE, generative_metrics())
    assert cells(exact)[0] == [
        "IID: Published learner", "0.0433 ± 0.0020 (4)", "0.0703 ± 0.0030 (4)", "1 of 4"
    ]  # fmt: skip
    assert cells(exact)[5] == [
        "Correlated: Untrained (all zero)", "0.2000 ± 0.0020 (4)", "0.3000 ± 0.0030 (4)", "0 of 1"
    ]  # fmt: skip
    assert not any("published" in cell for row in cells(sampled) for cell in row[1:]), (
        "three venues are our own"
    )
    assert cells(biases)[:2] == [
        ["IID: truth", "0.8000", "0.0000", "-0.8000"],
        ["IID: Published learner", "0.8500 ± 0.1000", "0.0100 ± 0.2000", "-0.9000 ± 0.3000"],
    ]


def test_generative_stands_beside_the_published_values_at_their_setting() -> None:
    config = GenerativeConfig(num_runs=4, batch=4)
    found = generative_metrics()
    for scenario in found["biases"].values():
        for learner in scenario:
            scenario[learner] = {"mean": [0.1] * 5, "sd": [0.2] * 5}
    exact, sampled, biases = RoutingGenerative().tables(config, found)
    assert "published" not in cells(exact)[0][1]
    se = np.hypot(0.002, 0.0145 / 8)
    assert cells(sampled)[0][1] == f"0.0433 ± 0.0020 (4); published 0.0433, {0 / se:+.1f} SE"
    assert cells(sampled)[3][1].endswith(f"published 0.1097, {0.0003 / np.hypot(0.002, 0.0737 / 8):+.1f} SE")
    assert ["IID: as published", "0.8654", "0.4644", "-0.0321", "-0.4531", "-0.9048"] in cells(biases)
