"""The objective of a window: by days as by minutes, by periods, with noise and a penalty; and what it must refuse."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.objectives.registry import OBJECTIVES
from isotherm.market.objectives.returns import history_of
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.synthetic import brownian_prices, synthetic_table
from isotherm.market.train.daily import DAILY_OBJECTIVES, daily_history
from isotherm.market.train.objective import WindowObjective
from isotherm.market.train.periods import Periods
from isotherm.market.train.problem import TrainingProblem, problem_of

CLOSES = brownian_prices(jax.random.key(3), 18 * 1440 + 1, [30.0, 2.0], volatility=[0.9, 0.6])
TABLE = synthetic_table(CLOSES, ["AAA", "BBB"], "2024-01-01 00:00:00")
START = 4 * 1440


@pytest.fixture(autouse=True)
def _in_float64():
    with jax.enable_x64(True):
        yield


def problem(
    training: dict[str, Any] | None = None, given: dict[str, Any] | None = None, **settings: Any
) -> TrainingProblem:
    run = {
        "tokens": ["AAA", "BBB"],
        "rule": "momentum",
        "max_memory_days": 4,
        "bout_offset": 2881,
        "startDateString": "2024-01-05 00:00:00",
        "endDateString": "2024-01-17 00:00:00",
        "optimisation_settings": {"val_fraction": 0.0, "n_parameter_sets": 1, "batch_size": 2}
        | (training or {}),
    } | settings
    return problem_of(Fingerprint(**run), TABLE, **(given or {}))


def of_one(found: TrainingProblem) -> tuple[WindowObjective, dict[str, jax.Array]]:
    return found.gradient.objective, {name: value[0] for name, value in found.params.items()}


@eqx.filter_jit
def slope(objective: WindowObjective, params: Any, start: Any) -> Any:
    return jax.value_and_grad(objective)(params, start)


@eqx.filter_jit
def value(objective: WindowObjective, params: Any, start: Any) -> Any:
    return objective(params, start)


@pytest.mark.parametrize(
    "settings",
    [
        {"chunk_period": 720, "weight_interpolation_period": 700},
        {"weight_interpolation_method": "slerp", "return_val": "returns_over_hodl"},
    ],
)
def test_daily_values_do_as_well_as_those_of_minutes(settings: dict[str, Any]) -> None:
    by_days, params = of_one(problem(**settings))
    by_minutes, _ = of_one(problem(use_fused_reserves=False, **settings))
    assert by_days.moves is not None
    assert by_minutes.moves is None
    for start in (START, START + 1440, START + 77):
        ours, ourselves = slope(by_days, params, jnp.asarray(start))
        wanted, uphill = slope(by_minutes, params, jnp.asarray(start))
        assert float(ours) == pytest.approx(float(wanted), rel=1e-10, abs=1e-12)
        for name, leaf in uphill.items():
            np.testing.assert_allclose(ourselves[name], leaf, rtol=1e-8, atol=1e-11)
    assert float(jnp.abs(uphill["log_k"]).sum()) > 1e-4


@pytest.mark.parametrize("name", sorted(DAILY_OBJECTIVES))
def test_daily_objectives_are_those_of_all_minutes(name: str) -> None:
    rng, minutes = np.random.default_rng(0), 5 * 1440 + 333
    prices = jnp.asarray(np.exp(np.cumsum(0.002 * rng.normal(size=(minutes, 2)), axis=0)))
    worth = jnp.asarray(7e5 * np.exp(np.cumsum(0.001 * rng.normal(size=minutes))))
    weights = jnp.asarray([0.3, 0.7])
    reserves = jnp.broadcast_to(weights * worth[0] / prices[0], prices.shape)
    growth = jnp.log(worth / worth[0])
    found = daily_history(growth[::1440], growth[-1], weights, jnp.log(prices[-1] / prices[0]), minutes)
    wanted = OBJECTIVES[name](history_of(worth, reserves, prices))
    assert float(DAILY_OBJECTIVES[name](found)) == pytest.approx(float(wanted), rel=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"fees": 0.003},
        {"chunk_period": 1000, "weight_interpolation_period": 1000},
        {"return_val": "calmar"},
        {"arb_frequency": 5},
        {"price_noise_sigma": 0.001},
        {"turnover_penalty": 1.0},
        {"do_arb": False},
    ],
)
def test_days_do_only_where_nothing_costs_and_chunks_fill_days(settings: dict[str, Any]) -> None:
    assert problem(**settings).gradient.objective.moves is None


@pytest.mark.parametrize(
    ("rule", "settings", "given"),
    [
        ("bounded__ensemble__momentum", {"n_ensemble_members": 2}, {}),
        ("momentum", {"fees": 0.003, "return_val": "fee_revenue_over_value"}, {}),
        ("lvr__power_channel", {"fees": 0.003}, {}),
        ("hodling_index_market_cap", {}, {"supply": [1e6, 3e7]}),
    ],
)
def test_every_kind_of_pool_has_a_gradient(
    rule: str, settings: dict[str, Any], given: dict[str, Any]
) -> None:
    # a memory of two days: one that is capped has no gradient
    objective, params = of_one(problem(given=given, rule=rule, initial_memory_length=2.0, **settings))
    worth, uphill = slope(objective, params, jnp.asarray(START))
    assert np.isfinite(float(worth))
    assert all(np.isfinite(np.asarray(leaf)).all() for leaf in uphill.values())
    memory = np.asarray(uphill["logit_lamb"])
    assert (memory != 0).any(axis=-1).all()  # of each member, where there are several
    assert memory.shape == ((2, 2) if "ensemble" in rule else (2,))


def test_periods_are_judged_each_by_itself() -> None:
    plain, params = of_one(problem(bout_offset=0, use_fused_reserves=False))
    start = jnp.asarray(START)
    one, two, least = (
        value(of_one(problem(given={"periods": periods}))[0], params, start)
        for periods in (Periods(1), Periods(2), Periods(2, aggregation="min"))
    )
    assert float(one) == pytest.approx(float(value(plain, params, start)), rel=1e-12)
    assert float(least) < float(two)
    assert abs(float(two) - float(one)) > 1e-6


def test_a_penalty_takes_turnover_from_the_objective_and_noise_is_the_windows() -> None:
    objective, params = of_one(problem(turnover_penalty=1.0, price_noise_sigma=1e-3))
    start = jnp.asarray(START)
    values = {
        (sigma, penalty): float(
            value(
                eqx.tree_at(
                    lambda o: (o.noise, o.penalty), objective, (jnp.asarray(sigma), jnp.asarray(penalty))
                ),
                params,
                start,
            )
        )
        for sigma, penalty in ((0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1e-3, 0.0))
    }
    plain, _ = of_one(problem(use_fused_reserves=False))
    assert values[0.0, 0.0] == pytest.approx(float(value(plain, params, start)), rel=1e-12)
    assert values[0.0, 1.0] < values[0.0, 0.0]
    assert values[0.0, 2.0] - values[0.0, 1.0] == pytest.approx(values[0.0, 1.0] - values[0.0, 0.0], rel=1e-6)
    assert values[1e-3, 0.0] != values[0.0, 0.0]


def test_fewer_starts_than_windows_are_told_and_all_taken() -> None:
    found = problem({"batch_size": 8})
    assert (found.draws.count, found.draws.starts.rows) == (3, 3)
    assert any(note.startswith("batch_size = 8: there are 3 possible starts") for note in found.notes)


def test_settings_without_effect_are_told() -> None:
    notes = problem({"warmup_steps": 3, "optimiser": "adam", "weight_decay": 0.5}, arb_quality=0.5).notes
    assert "settings that this training does not look at: arb_quality, weight_decay, warmup_steps" in notes


def test_a_warm_start_keeps_its_first_set_and_its_weights() -> None:
    params = {"log_k": [4.0, 3.0], "logit_delta_lamb": [0.0, 0.0]}
    given = {"params": params, "initial_weights": [0.2, 0.8]}
    found = problem({"n_parameter_sets": 3}, given).params
    np.testing.assert_array_equal(found["log_k"][0], params["log_k"])
    assert (np.asarray(found["log_k"][1:]) != np.asarray(params["log_k"])).all()
    np.testing.assert_array_equal(found["initial_weights"], np.tile([0.2, 0.8], (3, 1)))
    assert "initial_weights_logits" not in found
    np.testing.assert_array_equal(found["logit_lamb"][0], problem().params["logit_lamb"][0])


REFUSED = {
    "paths": ({"training_data_kind": "mc"}, {}, {}, "training_data_kind = 'mc'"),
    "step": ({"training_data_kind": "step"}, {}, {}, "training_data_kind = 'step'"),
    "flipped": ({"include_flipped_training_data": True}, {}, {}, "include_flipped_training_data = True"),
    "hessian": ({"train_on_hessian_trace": True}, {}, {}, "train_on_hessian_trace = True"),
    "least rate": ({"min_lr": 1e-3}, {}, {}, "min_lr = 0.001: is not looked at"),
    "ratio": ({"lr_decay_ratio": 0.5}, {}, {}, "lr_decay_ratio = 0.5: must be at least 1"),
    "means": ({"use_swa": True, "val_fraction": 0.5}, {}, {}, "use_swa = True: needs val_fraction = 0"),
    "checkpoints": ({"track_checkpoints": True, "checkpoint_interval": 15}, {}, {}, "checkpoint_interval = 15"),
    "warmup": ({"lr_schedule_type": "warmup_cosine", "warmup_steps": 1000}, {}, {}, "warmup_steps = 1000"),
    "short part": ({"early_stopping_metric": "ulcer"}, {}, {}, "early_stopping_metric = 'ulcer': needs 43200"),
    "short window": ({}, {"return_val": "ulcer"}, {}, "return_val = 'ulcer': windows of 14399 minutes are too short"),
    "reserves": ({}, {"return_val": "reserves"}, {}, "return_val = 'reserves'"),
    "nothing": ({}, {"rule": "balancer"}, {}, "rule = 'balancer': has nothing to train"),
    "trades": ({}, {"do_trades": True}, {}, "do_trades = True"),
    "foreign": ({}, {}, {"params": {"sp_width": [1.0, 1.0]}}, "params = 'sp_width': is no parameter of momentum"),
    "shape": ({}, {}, {"params": {"log_k": [1.0, 2.0, 3.0]}}, "params.log_k.shape"),
    "nan": ({}, {}, {"params": {"log_k": [1.0, np.nan]}}, "params.log_k"),
    "weights": ({}, {}, {"initial_weights": [0.2, 0.2]}, "initial_weights = .0.2, 0.2.: must sum to 1"),
    "decay": ({}, {}, {"decay_to": "one"}, "decay_to = 'one'"),
    "supply": ({}, {}, {"supply": [1.0, 2.0]}, "supply = 'given'"),
    "spread": ({}, {}, {"spread": [0.1, 0.1]}, "spread = 'given'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_played_is_refused_by_its_name(name: str) -> None:
    training, settings, given, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        problem(training, given, **settings)
