"""Arguments with which each public callable works: what a wrong value is put among."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dimod
import jax
import jax.numpy as jnp
import networkx
import numpy as np
import optax
import rustworkx

from isotherm import act, energy, exact, learn, market, sample, study, world
from isotherm.act.inference.build import active_inference
from isotherm.energy.tilt import levels as tilt_levels
from isotherm.learn.online import averaged, moments
from isotherm.market.ensembles.sampling import Sampling
from isotherm.market.walk import forward as market_walk
from isotherm.market.walk.plan import walk_of
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.still_config import MandelbrotConfig
from isotherm.plot.movie.writer import VideoWriter
from isotherm.study.run.executor import Pool

KEY = jax.random.key(0)
HIDDEN = energy.generative_model(A=[np.eye(2)], B=[np.stack([np.eye(2)] * 2, -1)])
DESCRIPTION = {
    "observations": {"o": {"size": 2, "depends_on": ["s"]}},
    "controls": {"u": {"elements": ["left", "right"]}},
    "states": {"s": {"size": 2, "depends_on": ["s"], "controlled_by": ["u"]}},
}
KEYS = jax.random.split(KEY, 2)
EDGES = [[0, 1], [1, 2]]
GRAPH = energy.ising(EDGES, [0.5, -0.3], [0.1, 0.2, 0.3])
MIXED = energy.FactorGraph.of(
    {"s": energy.spin(2), "c": energy.categorical(2, 3)},
    [energy.Factor.of(("s", "c"), [[0, 0], [1, 1]], np.arange(6.0).reshape(2, 3))],
)
DENSE = energy.Ising.checked([0.1, 0.2, 0.3], 0.2)
LATTICE = energy.square(4)
MODEL = energy.LatticeIsing(LATTICE)
CLOCK = energy.LatticeClock(LATTICE, 6)
SPINS = jnp.ones((4, 4), jnp.int8)
ANGLES = jnp.zeros((4, 4), jnp.uint8)
NORMAL = energy.GaussianPolicy(jnp.zeros(2), jnp.eye(2))
REWARD = energy.QuadraticReward(jnp.eye(2), jnp.ones(2))
TILTED = energy.Tilted(NORMAL, REWARD)
LINE = energy.Tilted(
    energy.GaussianPolicy(jnp.zeros(1), jnp.eye(1)), energy.QuadraticReward(jnp.eye(1), jnp.ones(1))
)
TRANSITION = energy.LinearGaussian(jnp.eye(2), jnp.zeros(2), jnp.eye(2))
NEXT = energy.Tilted(NORMAL, energy.QuadraticReward(jnp.eye(2), jnp.ones(2)))
MIXTURE = energy.MixturePolicy(jnp.ones(1), jnp.zeros((1, 2)), jnp.eye(2)[None])
JOINT_REWARD = energy.QuadraticReward(jnp.eye(4), jnp.ones(4))
SCHEDULE = sample.Schedule(2, 3, 1)
START = jax.vmap(lambda key: sample.initial_state(key, GRAPH))(jax.random.split(KEY, 4))
ROWS = np.array([[1, -1, 1], [-1, -1, 1], [1, 1, -1], [1, 1, 1]], np.int8)
DATA = learn.Observations.of(GRAPH, ROWS)
MARKET = world.venue_market(np.array([0.3, 0.0, -0.3]), 0.2)
GRID = world.grid_world((2, 2))
CHOSEN = act.Transition(None, np.array([0, 0, 1]), np.array([1.0, 0.0, 1.0]), None, None, None)
CHOICES = act.recorded([CHOSEN])
BY_TRIAL = active_inference(A=[np.eye(2)], B=[np.stack([np.eye(2)] * 2, -1)])
T_MAZE: dict[str, Any] = {
    "reward_probability": 0.9,
    "punishment_probability": 0.9,
    "cue_validity": 0.9,
    "reward_condition": 1,
    "dependent_outcomes": False,
    "rewards": None,
    "ends_on": None,
}
TABLE = np.where(np.arange(24).reshape(8, 3) % 5 < 2, 1, -1).astype(np.int8)
SERIES = np.random.default_rng(0).normal(size=(4, 64))
MEANS = {"energy": SERIES - 1}
FOLDER = Path(tempfile.mkdtemp())


POOLS = world.pool_set([1.0, 5.0, 30.0], 1e6)
PRICES = market.synthetic_table(np.ones((5 * 1440, 2)), ["AAA", "BBB"], "2024-01-01 00:00:00")
SHORT = market.RuleSettings(chunk_period=2)
STRATEGY = {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights": [0.25, 0.75]}
RUN = market.Fingerprint(
    tokens=["AAA", "BBB"], rule="momentum", max_memory_days=2, startDateString="2024-01-03 00:00:00",
    endDateString="2024-01-04 00:00:00",
)  # fmt: skip
RECORDS = [dict(RUN), {"step": 0, "train_objective": [1.0], "log_k": [[3.0, 3.0]], "subsidary_params": []}]
TRAINED = market.Fingerprint(
    tokens=["AAA", "BBB"], rule="momentum", max_memory_days=2, startDateString="2024-01-03 00:00:00",
    endDateString="2024-01-05 00:00:00", return_val="returns", bout_offset=1440,
    optimisation_settings={
        "n_iterations": 1, "n_parameter_sets": 1, "batch_size": 1, "val_fraction": 0.0,
        "early_stopping_metric": "return",
    },
)  # fmt: skip
WALKED = TRAINED.replaced(endDateString="2024-01-09 00:00:00")
DAYS = market.PriceTable(86_400_000 * np.arange(19_723, 19_733), ("AAA", "BBB"), np.ones((10, 2)))
WARM = market.warm_state("momentum", STRATEGY, np.ones((3, 2)), SHORT)


class Still(act.AbstractAgent):
    """An agent that fits every world of numbered actions."""

    def init(self, key: Any) -> Any:
        return jnp.zeros(())

    def act(self, key: Any, state: Any, observation: Any) -> Any:
        return jnp.int32(0), state

    def learn(self, key: Any, state: Any, transition: Any) -> Any:
        return state


def bout() -> dict[str, Any]:
    """Of weights minute by minute."""
    return {
        "rule": "momentum",
        "params": STRATEGY,
        "prices": np.ones((7, 2)),
        "start_index": 0,
        "bout_length": 6,
        "settings": SHORT,
        "method": "auto",
        "supply": None,
        "bounds": None,
        "state": None,
    }


def trained() -> dict[str, Any]:
    """Of a training that takes two steps."""
    return {
        "fingerprint": TRAINED,
        "prices": PRICES,
        "params": None,
        "initial_weights": None,
        "periods": None,
        "decay_to": "zero",
        "supply": None,
        "spread": None,
    }


@functools.cache
def walking() -> Any:
    """A walk of one cycle, on prices by the day."""
    return walk_of(WALKED, DAYS, n_cycles=1)


@functools.cache
def tuning() -> Any:
    """A tuning of one trial."""
    return market.tune.tuning_of(
        walking(), [market.tune.TuneAxis("maximum_change", 1e-4, 1e-2)], num_trials=1, num_held=0
    )


@functools.cache
def walked() -> list[Any]:
    return list(market_walk.walk_forward(walking(), lambda task: STRATEGY))


@functools.cache
def deployable() -> Any:
    """A bundle with a state."""
    return market.bundle_of_backtest(market.simulate(RUN, STRATEGY, PRICES), STRATEGY)


def kernel_at(beta: Any) -> Any:
    """A tempered kernel."""
    return sample.gibbs(GRAPH, beta)


def chains_of_gibbs() -> dict[str, Any]:
    """Of a run, whatever is kept of it."""
    return {
        "key": KEY,
        "kernel": sample.gibbs(GRAPH),
        "positions": START,
        "num_warmup": 2,
        "num_samples": 3,
        "thin": 1,
        "num_chains": None,
        "observe": lambda state: state.position,
    }


def files() -> dict[str, Path]:
    """One file of each kind."""
    uai, edges, coo, saved = (FOLDER / f"a.{ending}" for ending in ("uai", "edges", "coo", "npz"))
    energy.to_uai(uai, MIXED)
    energy.write_edge_list(edges, GRAPH)
    energy.write_dimod(coo, GRAPH)
    energy.save(GRAPH, saved)
    return {"uai": uai, "edges": edges, "coo": coo, "saved": saved}


def net(kind: str) -> Any:
    """Two edges."""
    if kind == "networkx":
        found = networkx.Graph()
        found.add_weighted_edges_from([(0, 1, 0.5), (1, 2, 0.3)])
        return found
    graph = rustworkx.PyGraph()
    graph.add_nodes_from([0, 1, 2])
    graph.add_edges_from([(0, 1, 0.5), (1, 2, 0.3)])
    return graph


Arguments = dict[str, Any]

VALID: dict[str, Callable[[], Arguments]] = {
    # energy
    "energy.DensityPolicy": lambda: {"log_density_of": lambda x: -x @ x, "draw_by": lambda key: jnp.zeros(2)},
    "energy.DiscretePolicy": lambda: {"logits": jnp.zeros(3)},
    "energy.Factor.of": lambda: {
        "groups": ("s", "s"),
        "variables": EDGES,
        "weights": [0.5, 0.1],
        "name": "f",
    },
    "energy.FactorGraph.of": lambda: {"variables": {"s": energy.spin(3)}, "factors": GRAPH.factors},
    "energy.FactorGraph.energy": lambda: {"self": GRAPH, "x": {"s": jnp.ones(3, jnp.int8)}},
    "energy.FactorGraph.features": lambda: {"self": GRAPH, "x": {"s": jnp.ones(3, jnp.int8)}},
    "energy.FactorGraph.variable_name": lambda: {"self": GRAPH, "flat": 1},
    "energy.GaussianPolicy": lambda: {"mean": jnp.zeros(2), "covariance": jnp.eye(2)},
    "energy.generative_model": lambda: {
        "A": [np.eye(2)],
        "B": [np.eye(2)[:, :, None]],
        "C": [np.zeros(2)],
        "D": [[0.5, 0.5]],
        "E": [1.0],
        "pA": [np.ones((2, 2))],
        "pB": [np.ones((2, 2, 1))],
        "pD": [[1.0, 1.0]],
        "goal": [[0, 1]],
        "A_dependencies": [[0]],
        "B_dependencies": [[0]],
        "B_action_dependencies": [[0]],
        "num_controls": [1],
        "batch_size": None,
    },
    "energy.Ising.checked": lambda: {"biases": [0.1, 0.2], "couplings": 0.3},
    "energy.Ising.energy": lambda: {"self": DENSE, "x": jnp.ones(3, jnp.int8)},
    "energy.LatticeClock": lambda: {"lattice": LATTICE, "num_angles": 6, "coupling": 1.0, "field": 0.0},
    "energy.LatticeIsing": lambda: {"lattice": LATTICE, "coupling": 1.0, "field": 0.0},
    "energy.LatticePotts": lambda: {"lattice": LATTICE, "num_states": 3, "coupling": 1.0, "field": 0.0},
    "energy.LatticeXY": lambda: {"lattice": LATTICE, "coupling": 1.0, "field": 0.0},
    "energy.AbstractLatticeModel.energy": lambda: {"self": MODEL, "x": SPINS},
    "energy.LatticeIsing.random_state": lambda: {"self": MODEL, "key": KEY},
    "energy.LinearGaussian": lambda: {"matrix": jnp.eye(2), "shift": jnp.zeros(2), "covariance": jnp.eye(2)},
    "energy.Measure": lambda: {"model": MODEL},
    "energy.MixturePolicy": lambda: {
        "weights": jnp.ones(2) / 2,
        "means": jnp.zeros((2, 2)),
        "covariances": jnp.stack([jnp.eye(2)] * 2),
    },
    "energy.QuadraticReward": lambda: {"curvature": jnp.eye(2), "peak": jnp.ones(2), "constant": 0.0},
    "energy.TableReward": lambda: {"values": jnp.ones(3)},
    "energy.Lattice": lambda: {"kind": "square", "shape": (4, 4), "periodic": (True, False)},
    "energy.Quadratic": lambda: {"precisions": np.ones(2), "scope": GRAPH.factors[0].scope, "name": "q"},
    "energy.Scope": lambda: {"groups": ("s",), "variables": np.zeros((1, 1), np.int32)},
    "energy.Variables": lambda: {"kind": "spin", "size": 2, "cardinality": 2},
    "energy.Tilted": lambda: {"base": NORMAL, "reward": REWARD},
    "energy.boltzmann_machine": lambda: {
        "num_visible": 2,
        "num_hidden": 1,
        "edges": EDGES,
        "couplings": 0.1,
        "biases": 0.2,
    },
    "energy.categorical": lambda: {"size": 2, "cardinality": 3},
    "energy.compile_model": lambda: {"description": DESCRIPTION, "batch_size": None},
    "energy.controllable": lambda: {"num_states": 3},
    "energy.LabelledTensor": lambda: {
        "event": {"x": ["a", "b"]},
        "batch": {"y": 3},
        "values": np.zeros((2, 3)),
        "num_agents": None,
    },
    "energy.LabelledTensor.unfilled": lambda: {"self": energy.LabelledTensor({"x": 2}), "slack": 1e-5},
    "energy.lifted": lambda: {"law": np.eye(2), "parents": [0], "num_states": [2, 3]},
    "energy.random_laws": lambda: {"key": KEY, "shape": (2, 3), "concentration": 1.0},
    "energy.random_model": lambda: {
        "key": KEY,
        "num_obs": [2],
        "num_states": [2],
        "num_controls": [2],
        "A_dependencies": [[0]],
        "B_dependencies": [[0]],
        "B_action_dependencies": [[0]],
        "concentration": 1.0,
    },
    "energy.unfilled": lambda: {"model": energy.compile_model(DESCRIPTION)},
    "energy.window_graph": lambda: {"model": HIDDEN, "observations": [[0, 1]], "actions": [[1]]},
    "energy.chain": lambda: {"length": 5, "periodic": True},
    "energy.correlation_function": lambda: {"model": MODEL, "x": SPINS, "axis": -1},
    "energy.critical_beta": lambda: {"model": MODEL},
    "energy.cubic": lambda: {"depth": 4, "rows": 4, "columns": 4, "periodic": True},
    "energy.custom": lambda: {"size": 2},
    "energy.deep_boltzmann": lambda: {"layers": [2, 2], "couplings": [0.1], "biases": [0.1, 0.2]},
    "energy.domain_wall_length": lambda: {"model": MODEL, "x": SPINS},
    "energy.edges_of": lambda: {"net": net("networkx")},
    "energy.from_dense": lambda: {"model": DENSE},
    "energy.from_dimod": lambda: {"model": dimod.BinaryQuadraticModel({0: 1.0}, {(0, 1): 0.5}, 0.0, "SPIN")},
    "energy.from_networkx": lambda: {"net": net("networkx"), "couplings": "weight", "biases": 0.1},
    "energy.from_rustworkx": lambda: {"net": net("rustworkx"), "couplings": 0.2, "biases": 0.1},
    "energy.gaussian": lambda: {
        "edges": EDGES,
        "diagonal": [2.0, 2.0, 2.0],
        "off_diagonal": [0.1, 0.2],
        "biases": 0.0,
        "num_variables": 3,
    },
    "energy.gaussian_couplings": lambda: {"key": KEY, "lattice": LATTICE, "mean": 0.0, "std": 1.0},
    "energy.gaussian_fields": lambda: {"key": KEY, "lattice": LATTICE, "std": 1.0},
    "energy.honeycomb": lambda: {"rows": 4, "columns": 4, "periodic": True},
    "energy.ising": lambda: {"edges": EDGES, "couplings": 0.1, "biases": 0.2, "num_spins": 3},
    "energy.load_uai": lambda: {"path": files()["uai"]},
    "energy.measure": lambda: {"model": MODEL, "x": SPINS},
    "energy.p_spin": lambda: {"scopes": [[0, 1, 2]], "couplings": 0.1, "biases": 0.2, "num_spins": 3},
    "energy.plus_minus_couplings": lambda: {
        "key": KEY,
        "lattice": LATTICE,
        "probability": 0.5,
        "strength": 1.0,
    },
    "energy.potts": lambda: {
        "edges": EDGES,
        "cardinality": 3,
        "couplings": 0.1,
        "fields": 0.0,
        "num_variables": 3,
    },
    "energy.random_field_ising": lambda: {
        "key": KEY,
        "edges": EDGES,
        "couplings": 1.0,
        "strength": 1.0,
        "num_spins": 3,
    },
    "energy.random_field_potts": lambda: {
        "key": KEY,
        "edges": EDGES,
        "cardinality": 3,
        "couplings": 1.0,
        "strength": 1.0,
        "num_variables": 3,
    },
    "energy.read_dimod": lambda: {"path": files()["coo"], "vartype": None},
    "energy.read_edge_list": lambda: {"path": files()["edges"]},
    "energy.read_uai": lambda: {"path": files()["uai"]},
    "energy.load": lambda: {"path": files()["saved"]},
    "energy.save": lambda: {"model": GRAPH, "path": FOLDER / "b.npz"},
    "energy.real": lambda: {"size": 2},
    "energy.restricted_boltzmann": lambda: {
        "num_visible": 2,
        "num_hidden": 2,
        "couplings": 0.1,
        "visible_biases": 0.1,
        "hidden_biases": 0.2,
    },
    "energy.semi_restricted_boltzmann": lambda: {
        "num_visible": 2,
        "num_hidden": 2,
        "edges": [[0, 1]],
        "couplings": 0.1,
        "visible_couplings": 0.1,
        "visible_biases": 0.1,
        "hidden_biases": 0.2,
    },
    "energy.spin": lambda: {"size": 2},
    "energy.spin_gaussian": lambda: {
        "is_spin": [True, True, False],
        "edges": EDGES,
        "couplings": 0.1,
        "biases": 0.1,
        "precisions": 1.0,
    },
    "energy.square": lambda: {"rows": 4, "columns": 4, "periodic": True},
    "energy.to_dense": lambda: {"graph": GRAPH},
    "energy.to_dimod": lambda: {"model": GRAPH, "vartype": "SPIN"},
    "energy.to_graph": lambda: {"model": MODEL},
    "energy.to_uai": lambda: {"path": FOLDER / "b.uai", "graph": GRAPH, "beta": 1.0},
    "energy.triangular": lambda: {"rows": 4, "columns": 4, "periodic": True},
    "energy.vortices": lambda: {"model": CLOCK, "x": ANGLES},
    "energy.write_dimod": lambda: {"path": FOLDER / "b.coo", "model": GRAPH, "vartype": "SPIN"},
    "energy.write_edge_list": lambda: {"path": FOLDER / "b.edges", "model": GRAPH},
    # sample
    "sample.Binned": lambda: {"observe": lambda state: state.position["s"], "edges": jnp.linspace(-1, 1, 3)},
    "sample.Clamp.none": lambda: {"n": 3},
    "sample.Energy": lambda: {"graph": GRAPH},
    "exact.Exact.condition": lambda: {
        "self": exact.exact(DENSE),
        "clamp": sample.Clamp(jnp.array([True, False, False]), jnp.ones(3, jnp.int8)),
    },
    "exact.Exact.draw": lambda: {"self": exact.exact(DENSE), "key": KEY, "shape": (3,)},
    "exact.GraphExact.draw": lambda: {"self": exact.exact(GRAPH), "key": KEY, "num": 3},
    "exact.GraphExact.joint": lambda: {"self": exact.exact(GRAPH), "first": ("s", 0), "second": ("s", 2)},
    "exact.GraphExact.pair_moment": lambda: {
        "self": exact.exact(GRAPH),
        "first": ("s", 0),
        "second": ("s", 2),
    },
    "sample.Remember": lambda: {
        "kernel": sample.gibbs(GRAPH),
        "start": lambda state: state.position,
        "update": lambda m, state: m,
    },
    "sample.Schedule.checked": lambda: {"self": SCHEDULE},
    "sample.Together": lambda: {"parts": {"s": lambda state: state.position["s"]}},
    "sample.ais": lambda: {
        "key": KEY,
        "graph": GRAPH,
        "beta": 1.0,
        "clamp": None,
        "steps": 8,
        "num_chains": 4,
    },
    "sample.anneal": lambda: {"key": KEY, "graph": GRAPH, "betas": 8, "num_chains": 4, "look_every": 2},
    "sample.annealing_betas": lambda: {"graph": GRAPH, "num_steps": 8},
    "estimate.blocked": lambda: {"values": {"energy": SERIES}, "length": 4},
    "sample.checkerboard": lambda: {
        "model": MODEL,
        "beta": 0.4,
        "method": "heat-bath",
        "over_relaxation": 0,
        "layout": "auto",
    },
    "sample.cluster_sizes": lambda: {"labels": jnp.zeros(4, jnp.int32)},
    "sample.components": lambda: {
        "num_nodes": 3,
        "edges": jnp.asarray(EDGES, jnp.int32),
        "is_open": jnp.ones(2, bool),
    },
    "exact.exact": lambda: {"model": GRAPH, "beta": 1.0, "clamp": None, "method": "auto"},
    "exact.exact [dense]": lambda: {"model": DENSE, "beta": 1.0, "clamp": None},
    "exact.exact [lattice]": lambda: {"model": MODEL, "beta": 0.4, "clamp": None},
    "sample.find_ladder": lambda: {
        "key": KEY,
        "kernel_at": kernel_at,
        "energy": GRAPH,
        "positions": START,
        "beta_min": 0.1,
        "beta_max": 1.0,
        "num_rungs": 3,
        "num_steps": 4,
        "num_rounds": 1,
    },
    "sample.followed": lambda: {"kernel": sample.independence(TILTED, 1.0), "transition": TRANSITION},
    "sample.gibbs": lambda: {
        "model": GRAPH,
        "beta": 1.0,
        "clamp": None,
        "num_sweeps": 1,
        "allow_parallel": False,
    },
    "sample.gibbs [dense]": lambda: {"model": DENSE, "beta": 1.0, "clamp": None},
    "sample.gibbs_means": lambda: {
        "key": KEY,
        "model": DENSE,
        "beta": 1.0,
        "clamp": None,
        "schedule": SCHEDULE,
        "init": "independent",
    },
    "sample.gibbs_moments": lambda: {
        "key": KEY,
        "model": DENSE,
        "beta": 1.0,
        "clamp": None,
        "schedule": SCHEDULE,
        "init": "independent",
    },
    "sample.importance": lambda: {"key": KEY, "tilted": TILTED, "beta": 1.0, "num_draws": 8},
    "sample.independence": lambda: {"tilted": TILTED, "beta": 1.0},
    "sample.informed": lambda: {"graph": GRAPH, "beta": 1.0, "clamp": None, "step_size": 0.5, "num_moves": 1},
    "sample.initial_spins": lambda: {
        "key": KEY,
        "model": DENSE,
        "beta": 1.0,
        "clamp": None,
        "init": "uniform",
    },
    "sample.initial_state": lambda: {
        "key": KEY,
        "model": GRAPH,
        "beta": 1.0,
        "clamp": None,
        "init": "uniform",
    },
    "estimate.integrated_time": lambda: {"series": SERIES},
    "estimate.jackknife": lambda: {"function": lambda means: means["energy"], "means": MEANS},
    "sample.joint_gibbs": lambda: {"tilted": NEXT, "transition": TRANSITION, "beta": 1.0},
    "exact.belief_optimum": lambda: {
        "model": HIDDEN,
        "horizon": 2,
        "beliefs": [0.5, 0.5],
        "gamma": 1.0,
        "use_utility": True,
        "use_states_info_gain": True,
    },
    "exact.hidden_chain": lambda: {
        "pi": [0.5, 0.5],
        "transitions": np.eye(2),
        "log_likelihoods": np.zeros((3, 2)),
        "orientation": "columns",
        "parallel": False,
    },
    "exact.smooth": lambda: {
        "filtered": np.full((3, 2), 0.5),
        "transitions": np.stack([np.eye(2)] * 2),
        "floor": None,
    },
    "exact.soft_backward": lambda: {
        "next_states": [[0, 1], [1, 0]],
        "rewards": np.zeros((2, 2)),
        "first_state": 0,
        "num_steps": 2,
        "gamma": 1.0,
        "log_prior": [0.0, 0.0],
    },
    "exact.kaufman": lambda: {"rows": 4, "columns": 4, "beta": 0.4, "coupling": 1.0},
    "sample.log_z": lambda: {
        "key": KEY,
        "graph": GRAPH,
        "beta": 1.0,
        "clamp": None,
        "error": 1.0,
        "num_chains": 8,
        "max_steps": 256,
    },
    "sample.mala": lambda: {"tilted": TILTED, "beta": 1.0, "step_size": 0.1, "preconditioner": None},
    "sample.moments": lambda: {"graph": GRAPH, "groups": ("s", "s"), "variables": EDGES},
    "exact.onsager": lambda: {"beta": 0.4, "coupling": 1.0},
    "exact.quadrature": lambda: {"tilted": LINE, "beta": 1.0, "low": -8.0, "high": 8.0, "num_points": 101},
    "sample.reverse_ais": lambda: {
        "key": KEY,
        "graph": GRAPH,
        "positions": START,
        "beta": 1.0,
        "clamp": None,
        "steps": 8,
    },
    "sample.sample": chains_of_gibbs,
    "sample.sample_means": chains_of_gibbs,
    "exact.spontaneous_magnetization": lambda: {"beta": 0.5, "coupling": 1.0},
    "sample.swendsen_wang": lambda: {"graph": GRAPH, "beta": 1.0, "clamp": None, "tells_wrapping": False},
    "sample.tempered": lambda: {
        "key": KEY,
        "tilted": TILTED,
        "betas": [0.5, 1.0],
        "kernel_at": lambda beta: sample.mala(TILTED, beta, 0.1),
        "num_particles": 8,
        "num_moves": 1,
        "resample_below": 0.5,
    },
    "sample.tempering": lambda: {"kernel_at": kernel_at, "betas": [0.5, 1.0], "energy": GRAPH},
    "exact.tilted_law": lambda: {"tilted": TILTED, "beta": 1.0},
    "exact.transfer": lambda: {
        "layer": energy.ising([[0, 1]], 0.5),
        "bonds": [energy.Factor.of(("s", "s'"), [[0, 0], [1, 1]], [0.3, 0.3])],
        "beta": 1.0,
    },
    "sample.ula": lambda: {"tilted": TILTED, "beta": 1.0, "step_size": 0.1, "preconditioner": None},
    "sample.whitened_mala": lambda: {
        "tilted": NEXT,
        "transition": TRANSITION,
        "beta": 1.0,
        "step_action": 0.1,
        "step_next": 0.1,
    },
    "sample.wolff": lambda: {"graph": GRAPH, "beta": 1.0, "clamp": None},
    # learn
    "learn.Observations.of": lambda: {"graph": GRAPH, "values": ROWS, "seen": None},
    "learn.Observations.masks": lambda: {"self": DATA, "which": "always"},
    "learn.Sampled": lambda: {
        "start": "persistent",
        "num_chains": 4,
        "negative": SCHEDULE,
        "positive": SCHEDULE,
        "condition": (),
        "init": "hinton",
    },
    "learn.descend": lambda: {
        "key": KEY,
        "parameters": {"x": jnp.ones(2)},
        "gradient": lambda given, parameters, memory: learn.Slope(parameters, memory),
        "optimizer": optax.sgd(0.1),
        "num_steps": 2,
        "steps_per_call": 2,
        "memory": jnp.zeros(2),
        "averaging": 0.5,
        "trained": True,
        "score": lambda parameters: 0.0,
        "score_every": 2,
        "patience": 2,
        "callback": lambda state: None,
    },
    "learn.first_state": lambda: {
        "parameters": {"x": jnp.ones((2, 1))},
        "optimizer": optax.sgd(0.1),
        "memory": jnp.zeros(2),
        "set_axis": 0,
    },
    "learn.dirichlet_kl": lambda: {"q": [1.0, 3.0], "p": [2.0, 2.0]},
    "learn.dirichlet_mean": lambda: {"counts": [1.0, 3.0], "axis": 0, "floor": None},
    "learn.novelty_weight": lambda: {"counts": [1.0, 3.0], "form": "exact"},
    "learn.reduced": lambda: {"q": [2.0, 5.0], "p": [1.0, 1.0], "r": [0.1, 1.0]},
    "learn.exact_kl_gradient": lambda: {"graph": GRAPH, "data": DATA, "beta": 1.0, "condition": ()},
    "learn.find_log_z": lambda: {
        "graph": GRAPH,
        "beta": 1.0,
        "key": KEY,
        "method": "exact",
        "error": 0.5,
        "num_chains": 8,
    },
    "learn.fit": lambda: {
        "key": KEY,
        "graph": GRAPH,
        "data": DATA,
        "objective": learn.PseudoLikelihood(),
        "optimizer": optax.sgd(0.1),
        "num_epochs": 1,
        "batch_size": 2,
        "beta": 1.0,
        "l1": 0.0,
        "l2": 0.0,
        "averaging": 0.5,
        "score_every": 1,
        "callback": lambda state: None,
    },
    "learn.kl_gradient": lambda: {"positive": (jnp.ones(2),), "negative": (jnp.zeros(2),), "beta": 1.0},
    "learn.log_likelihood": lambda: {
        "graph": GRAPH,
        "data": DATA,
        "beta": 1.0,
        "key": KEY,
        "method": "exact",
        "error": 0.5,
        "num_chains": 8,
    },
    "learn.pseudo_log_likelihood": lambda: {"graph": GRAPH, "data": DATA, "beta": 1.0},
    "learn.sampled_kl_gradient": lambda: {
        "key": KEY,
        "graph": GRAPH,
        "data": DATA,
        "beta": 1.0,
        "positive": SCHEDULE,
        "negative": SCHEDULE,
        "num_chains": 4,
        "num_batches": 2,
        "condition": (),
        "init": "hinton",
    },
    "learn.sparse_pseudo_likelihood": lambda: {
        "graph": GRAPH,
        "data": DATA,
        "strength": 0.1,
        "beta": 1.0,
        "num_steps": 3,
    },
    # act
    "act.EpsilonGreedy": lambda: {
        "num_venues": 3,
        "num_context": 1,
        "discount": 0.9,
        "learns_labels": False,
        "epsilon": 0.1,
    },
    "act.Floor": lambda: {"market": MARKET, "win_probability": jnp.ones((1, 3)) / 3},
    "act.FixedRoute": lambda: {"venue": 2},
    "act.IsingRouter": lambda: {
        "num_venues": 3,
        "beta": 1.0,
        "schedule": SCHEDULE,
        "inference": "exact",
        "window": 5,
        "clamps": True,
    },
    "act.JointRouter": lambda: {
        "num_venues": 3,
        "inference": "exact",
        "width": 1.0,
        "draw_width": 0.7,
        "threshold": 12.0,
    },
    "act.LinUCB": lambda: {"num_venues": 3, "width": 1.0, "ridge": 1.0},
    "act.Thompson": lambda: {"num_venues": 3, "num_context": 1, "discount": 0.9, "learns_labels": False},
    "act.UCB": lambda: {"num_venues": 3, "num_context": 1, "discount": 0.9, "learns_labels": False},
    "act.ActiveRouter": lambda: {
        "num_venues": 3,
        "num_context": 1,
        "hazard": 1.0,
        "preference": 4.0,
        "prior": 1.0,
        "forgetting": 1.0,
    },
    "act.venue_model": lambda: {
        "num_venues": 3,
        "num_context": 1,
        "hazard": 1.0,
        "preference": 4.0,
        "prior": 1.0,
    },
    "act.WinnerCounts": lambda: {"num_venues": 3, "prior": 0.5, "threshold": 12.0, "sharpness": 1.0},
    "act.cumulative": lambda: {"sums": jnp.ones((2, 3))},
    "act.rollout": lambda: {
        "keys": KEYS,
        "agent": act.Thompson(3),
        "world": MARKET,
        "num_steps": 4,
        "num_points": 2,
        "carry": act.rollout(KEYS, act.Thompson(3), MARKET, 2).carry,
        "keep": lambda moment: moment.transition.reward,
    },
    "act.episodes": lambda: {
        "keys": KEYS,
        "agent": act.Thompson(3),
        "world": MARKET,
        "num_episodes": 2,
        "num_steps": 4,
        "earlier": act.episodes(KEYS, act.Thompson(3), MARKET, 1, 4),
        "keep": lambda moment: moment.transition.reward,
        "keep_end": lambda table: table.time,
    },
    "act.play": lambda: {
        "key": KEY,
        "agent": Still(),
        "env": world.to_gymnasium(GRID),
        "num_steps": 2,
        "agent_state": None,
        "observe": lambda seen: seen[0],
    },
    "act.stretch_ends": lambda: {"num_steps": 10, "num_points": 5},
    "act.ActiveInference": lambda: {
        "model": HIDDEN,
        "policy_len": 1,
        "policies": [[[0]], [[1]]],
        "gamma": 1.0,
        "alpha": 1.0,
        "inductive_threshold": 0.1,
        "inductive_epsilon": 1e-3,
        "rate_A": 1.0,
        "rate_B": 1.0,
        "rate_D": 1.0,
        "forgetting": 1.0,
        "preprocess": None,
    },
    "act.active_inference": lambda: {
        "A": [np.eye(2)],
        "B": [np.eye(2)[:, :, None]],
        "C": [np.zeros(2)],
        "D": [[0.5, 0.5]],
        "E": [1.0],
        "pA": [np.ones((2, 2))],
        "pB": [np.ones((2, 2, 1))],
        "pD": [[1.0, 1.0]],
        "goal": [[0, 1]],
        "A_dependencies": [[0]],
        "B_dependencies": [[0]],
        "B_action_dependencies": [[0]],
        "num_controls": [1],
        "batch_size": None,
        "learn_C": False,
        "learn_E": False,
    },
    "act.ByTrial": lambda: {"agent": BY_TRIAL},
    "act.Chance": lambda: {"num_actions": 2},
    "act.Habit": lambda: {"chooser": act.Chance(2), "weight": 0.5},
    "act.SoftmaxQ": lambda: {
        "num_actions": 2,
        "num_contexts": 1,
        "learning_rate": 0.1,
        "inverse_temperature": 1.0,
        "forgetting": 0.1,
        "initial": 0.5,
        "is_fictitious": False,
    },
    "act.Stay": lambda: {"num_actions": 2, "after_win": 0.9, "after_loss": 0.1, "win_above": 0.0},
    "act.calibration": lambda: {"ranks": [0, 1, 2, 3], "num_draws": 3, "num_bins": 2},
    "act.choice_log_likelihood": lambda: {"chooser": act.Stay(2, 0.9, 0.2), "recorded": CHOICES},
    "act.fit_map": lambda: {
        "build": lambda p: act.Stay(2, p["stay"], 0.5),
        "priors": {"stay": act.unit(0.5, 1.0)},
        "recorded": CHOICES,
        "weights": np.ones((1, 3)),
        "num_steps": 2,
    },
    "act.fit_nuts": lambda: {
        "key": KEY,
        "build": lambda p: act.Stay(2, p["stay"], 0.5),
        "priors": {"stay": act.unit(0.5, 1.0)},
        "recorded": CHOICES,
        "weights": np.ones((1, 3)),
        "num_warmup": 20,
        "num_samples": 4,
        "num_chains": 2,
        "max_doublings": 1,
    },
    "act.positive": lambda: {"median": 1.0, "spread": 0.5},
    "act.ranks_of": lambda: {"truth": [0.5], "draws": [[0.1, 0.9]]},
    "act.real": lambda: {"mean": 0.0, "sd": 1.0},
    "act.recorded": lambda: {"subjects": [CHOSEN], "ends": [[False, True, False]]},
    "act.unit": lambda: {"median": 0.5, "spread": 0.5},
    "act.sampled_policies": lambda: {
        "key": KEY,
        "problem": BY_TRIAL.problem(BY_TRIAL.init(KEY)),
        "beliefs": [[0.5, 0.5]],
        "policy_len": 2,
        "num_chains": 2,
        "num_warmup": 1,
        "num_samples": 1,
        "thin": 1,
        "ladder": 2,
        "num_particles": 2,
        "num_steps": 2,
    },
    "act.PolicySampling": lambda: {
        "horizon": 2,
        "num_chains": 2,
        "num_warmup": 1,
        "num_samples": 1,
        "thin": 1,
        "ladder": 2,
        "follow": "law",
        "num_steps": 2,
        "seed": 0,
    },
    "act.Exhaustive": lambda: {"horizon": 2, "independent_modalities": False},
    "act.MonteCarlo": lambda: {
        "num_simulations": 4,
        "horizon": 2,
        "noise": 0.1,
        "seed": 0,
        "independent_modalities": False,
    },
    "act.Sophisticated": lambda: {
        "horizon": 2,
        "max_nodes": 100,
        "max_branching": 4,
        "policy_prune_threshold": 0.1,
        "observation_prune_threshold": 0.1,
        "entropy_stop_threshold": 0.5,
        "neg_efe_stop_threshold": 1.0,
        "prune_penalty": 10.0,
        "kl_threshold": 0.1,
        "topk": 2,
        "independent_modalities": False,
    },
    # world
    "world.bandit": lambda: {"laws": [[0.5, 0.5], [0.1, 0.9]], "rewards": [0.0, 1.0]},
    "world.HiddenWorld.choice": lambda: {"self": GRID, "action": 1},
    "world.HiddenWorld.start_at": lambda: {"self": GRID, "states": [1]},
    "world.connected_clusters": lambda: {"size": 2, "num_clusters": 2},
    "world.cue_chain": lambda: {
        "shape": (3, 3),
        "start_location": (0, 0),
        "cue1_location": (0, 1),
        "cue2_locations": [(1, 1), (1, 2)],
        "reward_locations": [(2, 0), (2, 2)],
        "cue2_state": 1,
        "reward_condition": None,
        "rewards": None,
        "ends_on": None,
    },
    "world.cue_maze": lambda: {
        "maze": world.TWO_CUE_MAZE,
        "sides": [0, None],
        "rewards": None,
        "ends_on": [[], [], [], [1], []],
    },
    "world.graph_world": lambda: {
        "num_nodes": 3,
        "edges": EDGES,
        "agent_location": 0,
        "object_location": None,
        "rewards": [None, [0.0, 1.0]],
        "ends_on": None,
    },
    "world.grid_world": lambda: {
        "shape": (2, 3),
        "walls": [(0, 1)],
        "initial_position": (0, 0),
        "include_stay": True,
        "success_prob": 0.9,
        "rewards": None,
        "ends_on": None,
    },
    "world.hidden_world": lambda: {
        "model": GRID.model,
        "rewards": [None],
        "ends_on": [[1]],
        "cell_factor": 0,
    },
    "world.knapsack_model": lambda: {
        "weights": [1.0, 2.0],
        "rewards": [1.0, 2.0],
        "capacity": 2.0,
        "penalty": 9.0,
        "preferences": "exact",
    },
    "world.knapsack_world": lambda: {
        "weights": [1.0, 2.0],
        "rewards": [1.0, 2.0],
        "capacity": 2.0,
        "penalty": 9.0,
        "ends_on": None,
    },
    "world.simplified_t_maze": lambda: dict(T_MAZE),
    "world.t_maze": lambda: dict(T_MAZE),
    "world.to_gymnasium": lambda: {"world": GRID},
    "world.replay_world": lambda: {"outcomes": TABLE, "num_context": 1, "context_mode": "random"},
    "world.pool_set": lambda: {
        "fees_bps": [1.0, 5.0, 30.0],
        "values": 1e6,
        "weights": 0.5,
        "swings": 0.0,
        "swing_rows": 10_080,
        "intervals": 1,
    },
    "world.pool_market": lambda: {
        "pools": POOLS,
        "prices": [2000.0, 2003.0, 1998.0],
        "order_value": 2000.0,
        "order_spread": 1.5,
        "tolerance_bps": 1.0,
        "horizon": 1,
        "num_context": 1,
        "context_mode": "random",
    },
    "world.venue_market": lambda: {
        "biases": np.array([0.3, 0.0, -0.3]),
        "couplings": 0.2,
        "shifts": (),
        "beta": 1.0,
        "num_context": 1,
        "context_mode": "fixed",
        "outcome": "winner",
    },
    "estimate.estimates": lambda: {
        "means": {"energy": SERIES - 9, "energy2": SERIES + 99},
        "beta": 1.0,
        "num_sites": 16,
        "extent": 4,
        "unbiased": False,
    },
    "sample.histogram": lambda: {"graph": MIXED, "*variables": (("s", 0), ("c", 1))},
    "estimate.reweighting": lambda: {
        "values": {"energy": np.cumsum(np.ones((2, 4, 40)), 0) * SERIES[:, :40]},
        "betas": [0.3, 0.4],
        "num_sites": 16,
        "num_blocks": 4,
    },
    # random
    "random.named": lambda: {"key": KEY, "name": "start"},
    "random.run_keys": lambda: {"seed": 0, "first": 0, "count": 2},
    # study
    "study.Estimate.of": lambda: {"samples": np.arange(4.0), "published": 1.0, "published_se": 0.1},
    "study.Table": lambda: {"title": "t", "columns": ("a", "b"), "rows": (("x", 1.0),), "note": "mean"},
    "study.Estimate": lambda: {"mean": 0.0, "se": 0.1, "n": 4, "published": 1.0, "published_se": 0.1},
    "study.Task": lambda: {"name": "a", "payload": {}, "weight": 1.0, "after": "b"},
    "study.named_arrays": lambda: {"tree": {"x": np.ones(2)}, "prefix": "state"},
    "study.tree_of": lambda: {
        "arrays": {"state/x": np.ones(2)},
        "template": {"x": np.zeros(2)},
        "prefix": "state",
    },
    "study.find_study": lambda: {"name": "routing"},
    # what pages of the site name outside the rooms' own lists
    "energy.blocks.colour_blocks": lambda: {"graph": GRAPH, "held": None},
    "energy.tilt.levels.TiltParameters": lambda: {
        "beta_schedule": "linear",
        "K": 4,
        "refresh_L": 1,
        "lambda_scale": 1.5,
        "window_alpha_low": 0.0,
        "ca": 0.08,
        "sigma_a": 1.0,
        "mu_a": 0.0,
    },
    "energy.tilt.levels.clean_target": lambda: {"parameters": tilt_levels.TiltParameters()},
    "energy.tilt.noise.averaged_reward": lambda: {"reward": JOINT_REWARD, "transition": TRANSITION},
    "energy.tilt.noise.noisy_tilt": lambda: {
        "policy": MIXTURE,
        "transition": TRANSITION,
        "reward": JOINT_REWARD,
        "alpha_bar": 0.5,
    },
    "sample.tilt.noise_walk.noise_walk": lambda: {
        "key": KEY,
        "policy": MIXTURE,
        "transition": TRANSITION,
        "reward": JOINT_REWARD,
        "levels": [0.5, 1.0],
        "betas": [0.5, 1.0],
        "step_size": 0.1,
        "num_runs": 2,
        "num_moves": 1,
    },
    "sample.tilt.predictor_corrector.exact.pc_ula_final_law": lambda: {
        "parameters": tilt_levels.TiltParameters(K=4),
        "n": 3,
        "action_steps": 1,
    },
    "learn.online.averaged.init": lambda: {"n": 3},
    "learn.online.averaged.update": lambda: {
        "state": averaged.init(3),
        "spins": jnp.ones(3, jnp.int8),
        "moments": exact.exact,
    },
    "learn.online.averaged.model": lambda: {"state": averaged.init(3), "beta": 1.0},
    "learn.online.averaged.estimate": lambda: {"state": averaged.init(3), "beta": 1.0},
    "learn.online.moments.PairWindow.empty": lambda: {"n": 3, "window": 5},
    "learn.online.moments.match_moments": lambda: {
        "model": DENSE,
        "beta": 1.0,
        "observation": jnp.ones(3, jnp.int8),
        "window": moments.PairWindow.empty(3, 5),
        "moments": exact.exact(DENSE),
        "rates": moments.MatchingRates(),
    },
    "learn.online.posterior.IsingPosterior.prior": lambda: {"n": 3},
    "learn.online.exclusive.ExclusivePosterior.prior": lambda: {"n": 3},
    "world.routing.context.route": lambda: {
        "key": KEY,
        "scores": jnp.zeros(3),
        "available": jnp.ones(3, bool),
        "tolerance": 0.0,
    },
    "world.routing.venues.grouped_couplings": lambda: {"n": 4, "num_groups": 2, "inside": 0.3, "across": 0.0},
    "world.routing.venues.worth_of_context": lambda: {
        "market": world.venue_market(np.array([0.3, 0.0, -0.3]), 0.2, outcome="own")
    },
    "world.routing.venues.win_probabilities": lambda: {"market": MARKET},
    "study.run.runner.run": lambda: {
        "study": study.find_study("routing"),
        "config": study.find_study("routing").config(),
        "out": FOLDER / "runs",
        "pool": Pool(),
        "preset": "",
        "command": (),
        "is_quiet": True,
    },
    "sample.until.run": lambda: {
        "model": GRAPH,
        "beta": 1.0,
        "seed": 0,
        "clamp": None,
        "error": 0.1,
        "max_steps": 1000,
        "num_chains": 2,
    },
    "study.run.archive.open_run": lambda: {"path": FOLDER / "no-run", "study": None},
    "data.binary.read_digits": lambda: {"threshold": 8},
    "infer.source.read_model": lambda: {"path": files()["uai"], "beta": 1.0, "form": "uai"},
    "market.simulate": lambda: {
        "fingerprint": RUN,
        "params": STRATEGY,
        "prices": PRICES,
        "with_test": False,
        "parameter_set": None,
        "weights": None,
        "supply": None,
        "spread": None,
        "fees": 0.003,
    },
    "market.train.train": lambda: {**trained(), "callback": None},
    "market.train.problem.problem_of": lambda: trained(),
    "market.ensembles.ensemble.ensemble_problem": lambda: {
        **{name: value for name, value in trained().items() if name not in ("periods", "decay_to")},
        "sampling": Sampling(beta=2.0),
        "num_windows": 1,
        "noise_scale": 0.5,
    },
    "market.train.periods.Periods": lambda: {
        "count": 2,
        "overlap": 0.5,
        "aggregation": "softmin",
        "temperature": 1.0,
    },
    "market.walk.walk_cycles": lambda: {
        "start": "2024-01-01",
        "end": "2024-02-01",
        "n_cycles": 2,
        "keep_fixed_start": False,
        "purge_days": 1,
        "embargo_days": 1,
        "are_equal": True,
    },
    "market.walk.purged_splits": lambda: {
        "num_days": 30,
        "num_groups": 4,
        "num_tests": 2,
        "purge_days": 1,
        "embargo_days": 1,
    },
    "market.walk.regime_of": lambda: {"daily_prices": [[1.0, 2.0], [1.1, 2.1]]},
    "market.walk.gradient_trainer": lambda: {"periods": None, "decay_to": "zero"},
    "market.walk.random_trainer": lambda: {"scale": 1.0},
    "market.walk.trainers.training_problem": lambda: {
        "task": market_walk.cycle_task(walking(), 0, walking().start),
        "periods": None,
        "decay_to": "zero",
    },
    "market.walk.walk_of": lambda: {
        "fingerprint": WALKED,
        "prices": DAYS,
        "n_cycles": 1,
        "keep_fixed_start": False,
        "purge_days": 0,
        "embargo_days": 0,
        "are_equal": True,
        "params": None,
        "initial_weights": None,
        "supply": None,
        "spread": None,
    },
    "market.walk.walk_forward": lambda: {"walk": walking(), "trainer": None},
    "market.walk.forward.cycle_task": lambda: {"walk": walking(), "number": 0, "carried": walking().start},
    "market.walk.forward.cycle_record": lambda: {
        "walk": walking(),
        "task": market_walk.cycle_task(walking(), 0, walking().start),
        "choice": STRATEGY,
        "compat": False,
    },
    "market.walk.forward.carried_on": lambda: {"walk": walking(), "record": walked()[0]},
    "market.tune.TuneAxis": lambda: {
        "name": "base_lr",
        "low": 0.1,
        "high": 1.0,
        "log_scale": True,
        "is_whole": False,
        "choices": (),
        "when": None,
    },
    "market.tune.tuning_of": lambda: {
        "walk": walking(),
        "axes": None,
        "metrics": ["mean_oos_returns"],
        "num_trials": 1,
        "num_held": 0,
        "num_startup": 1,
        "kept_percent": 50,
    },
    "market.tune.tune": lambda: {"tuning": tuning(), "trainer": lambda task: STRATEGY, "callback": None},
    "market.tune.next_trial": lambda: {"tuning": tuning(), "told": [], "trainer": lambda task: STRATEGY},
    "market.tune.best_trial": lambda: {"trials": []},
    "market.walk.walk_verdict": lambda: {
        "records": walked(),
        "num_trials": 1,
        "num_resamples": 10,
    },
    "market.bundle_of": lambda: {
        "params": STRATEGY,
        "fingerprint": RUN,
        "parameter_set": None,
        "state": None,
        "memory_days": None,
        "prices": None,
    },
    "market.bundle_of_backtest": lambda: {
        "backtest": market.simulate(RUN, STRATEGY, PRICES),
        "params": STRATEGY,
        "parameter_set": None,
    },
    "market.deployment.bundle.state_of": lambda: {"bundle": deployable()},
    "market.deployment.fixed_reading.fixed_pool": lambda: {"bundle": deployable()},
    "market.parameters.fixed_point.to_units": lambda: {"value": 0.5},
    "market.strategy.rule_settings": lambda: {"settings": RUN.with_defaults()},
    "market.write_bundle": lambda: {
        "path": FOLDER / "pool.json",
        "bundle": market.bundle_of(STRATEGY, RUN),
        "is_replacing": True,
    },
    "market.read_bundle": lambda: {
        "path": market.write_bundle(FOLDER / "read.json", market.bundle_of(STRATEGY, RUN), True),
    },
    "market.deploy_weights": lambda: {
        "weights": [0.25, 0.75],
        "step": [6e-4, -6e-4],
        "last_update_s": 1_700_000_000,
        "weight_interpolation_period": 10,
        "oracle_staleness_threshold_s": 3600,
        "max_trade_size_ratio": 0.1,
    },
    "market.parameters.restore.load": lambda: {
        "location": market.write_records(FOLDER / "loaded", RECORDS),
        "initial": None,
        "method": "best_train_objective",
        "metric_key": "sharpe",
        "use_continuous_test": True,
        "threshold": 0.0,
    },
    "market.parameters.encoding.dict_of_jnp_to_list": lambda: {"params": STRATEGY},
    "market.period_metrics": lambda: {
        "value": np.linspace(1.0, 2.0, 3000),
        "reserves": np.ones((3000, 2)),
        "prices": np.ones((3000, 2)),
    },
    "market.evaluate_all": lambda: {
        "names": ["returns", "calmar"],
        "value": [1.0, 2.0, 4.0],
        "reserves": [[1.0]] * 3,
        "prices": [[1.0]] * 3,
        "fee_revenue": None,
    },
    "market.objective": lambda: {"name": "returns"},
    "market.append_records": lambda: {
        "location": market.write_records(FOLDER / "appended", RECORDS),
        "records": [RECORDS[1]],
    },
    "market.read_records": lambda: {"location": market.write_records(FOLDER / "read", RECORDS)},
    "market.write_records": lambda: {
        "location": FOLDER / "written",
        "records": RECORDS,
        "double_encoded": False,
    },
    "market.retrieve_best": lambda: {
        "location": market.write_records(FOLDER / "best", RECORDS),
        "method": "best_train_objective",
        "metric_key": "sharpe",
        "use_continuous_test": True,
        "threshold": 0.0,
    },
    "market.Fingerprint": lambda: {"tokens": ["AAA", "BBB"], "rule": "momentum", "fees": 0.003},
    "market.init_pool_parameters": lambda: {
        "rule": "momentum",
        "initial_values": market.initial_values(RUN.with_defaults()),
        "settings": RUN.with_defaults(),
        "n_assets": 2,
        "n_parameter_sets": 2,
        "noise": "gaussian",
        "noise_scale": 0.1,
        "key": KEY,
        "seed": 0,
        "noise_scales": None,
    },
    "market.initial_values": lambda: {"fingerprint": RUN},
    "market.Costs": lambda: {
        "fees": 0.003,
        "gas_cost": 0.0,
        "arb_fees": 0.0,
        "protocol_fee_split": 0.0,
        "noise_trader_ratio": 0.0,
        "arb_frequency": 1,
        "do_arb": True,
        "arb_quality": 1.0,
        "supply": None,
        "trades": None,
        "signatures": "pairs",
    },
    "market.pool_path": lambda: {
        "pool": market.pool("balancer"),
        "weights": [0.5, 0.5],
        "prices": [[1.0, 1.0], [4.0, 1.0]],
        "costs": None,
        "value": 100.0,
        "state": None,
        "with_trades": False,
    },
    "market.pool": lambda: {"name": "balancer"},
    "market.align": lambda: {
        "table": PRICES,
        "start": "2024-01-03 00:00:00",
        "end": "2024-01-04 00:00:00",
        "max_memory_days": 2.0,
        "test_end": None,
    },
    "market.load_prices": lambda: {
        "tickers": ["BTC"],
        "root": market.shipped("crypto_5m_2022"),
        "start": "2022-02-03 00:00:00",
        "end": "2022-02-04 00:00:00",
        "interval_minutes": 5,
        "resample": False,
        "fill": None,
        "quote": "USD",
    },
    "market.shipped": lambda: {"name": "crypto_5m_2022"},
    "market.brownian_prices": lambda: {
        "key": KEY,
        "num_minutes": 5,
        "start_prices": [1.0, 2.0],
        "drift": 0.0,
        "volatility": 0.5,
        "correlation": None,
    },
    "market.sinusoidal_prices": lambda: {
        "num_minutes": 5,
        "start_prices": [1.0, 2.0],
        "amplitude": 0.1,
        "period_minutes": 3.0,
        "phase": 0.0,
        "drift": 0.0,
    },
    "market.synthetic_table": lambda: {
        "prices": np.ones((3, 2)),
        "tickers": ["AAA", "BBB"],
        "start": "2024-01-01 00:00:00",
    },
    "market.RuleSettings": lambda: {
        "chunk_period": 60,
        "weight_interpolation_period": None,
        "weight_interpolation_method": "linear",
        "maximum_change": 3e-4,
        "minimum_weight": None,
        "max_memory_days": 365.0,
        "use_alt_lamb": False,
        "use_pre_exp_scaling": True,
        "ste_max_change": False,
        "ste_min_max_weight": False,
        "guardrail": "clip",
        "cap_weights": None,
        "start_from_first_target": False,
    },
    "market.calculate_weights": lambda: bout(),
    "market.run_weights": lambda: bout(),
    "market.rule_outputs": lambda: {
        "rule": "momentum",
        "params": STRATEGY,
        "prices": np.ones((7, 2)),
        "settings": SHORT,
        "method": "auto",
        "supply": None,
    },
    "market.warm_state": lambda: {
        "rule": "momentum",
        "params": STRATEGY,
        "prices": np.ones((3, 2)),
        "settings": SHORT,
        "supply": None,
    },
    "market.next_block": lambda: {
        "rule": "momentum",
        "params": STRATEGY,
        "state": WARM,
        "price": [1.0, 2.0],
        "settings": SHORT,
        "supply": None,
        "bounds": None,
    },
    "infer.infer.infer": lambda: {
        "model": files()["uai"],
        "evidence": None,
        "tasks": ("z",),
        "method": "exact",
        "beta": 1.0,
        "draws": 10,
        "seed": 0,
        "form": None,
        "given": (),
        "sample": None,
        "time_limit": 5.0,
        "is_progress_shown": False,
    },
    "pictures.still.make_picture": lambda: {
        "config": MandelbrotConfig(pixels=48, depths=(8,)),
        "path": FOLDER / "p.png",
    },
    "plot.movie.writer.VideoWriter": lambda: {
        "path": FOLDER / "w.mp4",
        "width": 64,
        "height": 64,
        "fps": 30,
        "codec": "h264",
        "quality": 20,
        "effort": "fast",
        "palette": None,
        "keep_partial": False,
    },
    "plot.movie.writer.VideoWriter.write": lambda: {
        "self": VideoWriter(FOLDER / "v.mp4", 64, 64),
        "frame": np.zeros((64, 64, 3), np.uint8),
    },
    "pictures.lattice.film.make_video": lambda: {
        "config": VideoConfig(size=16, beta=0.4, frames=1, pixels=32, overlay=()),
        "path": FOLDER / "m.mp4",
    },
}
"""By ``room.name``; a word in brackets tells several rows of one callable apart."""

HOLDERS = {
    # what functions return: they hold what they are given, and nobody calls them
    "energy.Labelled", "sample.ActionAndNext", "sample.Annealed", "sample.ChainMeans", "sample.Chains",
    "sample.Draws", "sample.ModelDraws", "estimate.WithError", "exact.Exact", "exact.GraphExact", "sample.Histogram",
    "sample.Kernel", "sample.Ladder", "exact.LatticeExact", "sample.LogZ", "sample.Moments",
    "estimate.Reweighting", "exact.Strip", "sample.Weighted", "learn.Fit", "learn.KLGradient",
    "learn.Descent", "learn.DescentState", "learn.Slope",
    "learn.LogLikelihood", "act.Rollout", "act.Transition", "world.Context", "world.Replay", "world.Step",
    "world.VenueMarket", "study.Figure", "study.Result",
    "act.Carry", "act.Moment", "act.Episodes", "act.Played", "learn.Reduction",
    "energy.GenerativeModel", "world.HiddenWorldState",
    "exact.BeliefOptimum", "exact.HiddenChain", "exact.Smoothed",
    "energy.CompiledModel", "energy.NamedTensors",
    "act.SampledPolicies", "exact.SoftBackward", "act.Mind",
    "world.PoolSet", "world.PoolMarket", "market.pools.pool.PoolPath",
    "market.Backtest", "market.PriceTable", "market.FillLimits", "market.WeightRule", "market.shipped_names",
    "act.ChoiceLikelihood", "act.ChoicePosterior", "act.MostProbable", "act.Recorded", "world.Trial",
    # whose settings the function that takes it checks
    "market.ensembles.Sampling",
    # they take no argument, or are written by users
    "sample.Conditional", "learn.ExactLikelihood", "learn.PseudoLikelihood", "study.Arrays", "study.Config",
    "study.Study", "settings.config.ConfigError", "studies.routing.comparison.Routing", "study.run.stored.StoredRun",
    # parts of rules that users write: they run inside compiled code, where nothing can be checked
    "market.parameters.effective.calc_k", "market.parameters.effective.calc_raw_memory_days",
    "market.parameters.effective.capped_lambda", "market.parameters.memory.memory_days_to_lambda",
    "market.rules.estimators.average_start", "market.rules.estimators.average_step", "market.rules.rule.RuleOutput",
    "market.pools.pool.state_at", "world.best_split", "market.rules.rule.per_token",
    "market.rules.targets.blend_lambda", "market.rules.updates.zero_sum",
    # validated settings, which have tests of their own
    "pictures.lattice.config.VideoConfig",
}  # fmt: skip
