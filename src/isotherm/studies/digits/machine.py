"""The computation behind the study of digits: a Boltzmann machine on two tori, trained and asked for labels."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int8, Key

from isotherm.data.images import SIDE, Images
from isotherm.energy import Factor, FactorGraph, spin
from isotherm.learn.objectives import Sampled
from isotherm.learn.observations import Observations
from isotherm.learn.phases import chains_with, run_phase, start_chains
from isotherm.random import named
from isotherm.sample.schedule import Schedule
from isotherm.studies.digits.config import DigitsConfig

VISIBLE = ("image", "label")


def two_tori(key: Key[Array, ""], config: DigitsConfig) -> FactorGraph:
    """Spins of an upper and a lower torus, each upper one tied to lower ones; all parameters zero.

    Image and label spins are upper spins at random places (groups ``"image"`` and ``"label"``), the other upper
    ones form the group ``"upper"``, the second torus ``"lower"``.
    """
    side = config.torus
    sizes = {"image": SIDE * SIDE, "label": config.label_repeats * len(config.digits)}
    sizes["upper"] = side * side - sum(sizes.values())
    places = np.asarray(jax.random.permutation(key, side * side))
    groups = {name: spin(size) for name, size in [*sizes.items(), ("lower", side * side)] if size}
    factors = [
        Factor.of(name, np.arange(g.size), np.zeros(g.size), f"{name} biases") for name, g in groups.items()
    ]
    steps = np.array([(0, 0), *((s, 0) for s in config.reach), *((0, s) for s in config.reach)])
    steps = np.unique(np.concatenate([steps, -steps]), axis=0)
    start = 0
    for name, size in sizes.items():
        if not size:
            continue
        rows, columns = np.divmod(places[start : start + size], side)
        below = (rows[:, None] + steps[:, 0]) % side * side + (columns[:, None] + steps[:, 1]) % side
        edges = np.stack([np.repeat(np.arange(size), len(steps)), below.ravel()], axis=1)
        factors.append(Factor.of((name, "lower"), edges, np.zeros(len(edges)), f"{name} couplings"))
        start += size
    graph = FactorGraph.of(groups, factors)
    return graph.with_parameters(jax.tree.map(lambda w: jnp.asarray(w, jnp.float32), graph.parameters))


def as_rows(graph: FactorGraph, images: Images, config: DigitsConfig) -> Observations:
    """Images with their labels as one-hot spins, each label repeated; the other groups are latent."""
    one_hot = 2 * np.eye(len(config.digits), dtype=np.int8)[images.labels] - 1
    return Observations.of(
        graph, {"image": images.pixels, "label": np.repeat(one_hot, config.label_repeats, axis=1)}
    )


def objective(config: DigitsConfig) -> Sampled:
    """The likelihood by chains in both phases, as long as the config says."""
    return Sampled(
        start="persistent" if config.persistent else "fresh",
        num_chains=config.negative_chains,
        negative=Schedule(config.negative_warmup, config.negative_samples, config.negative_thin),
        positive=Schedule(config.positive_warmup, config.positive_samples, config.positive_thin),
    )


def optimiser(config: DigitsConfig, num_updates: int) -> optax.GradientTransformation:
    """Adam, its rate constant or falling to a tenth along a cosine."""
    rate = config.learning_rate
    return optax.adam(optax.cosine_decay_schedule(rate, num_updates, alpha=0.1) if config.decay else rate)


@eqx.filter_jit
def label_scores(
    key: Key[Array, ""], graph: FactorGraph, pixels: Int8[Array, "images pixels"], config: DigitsConfig
) -> Float[Array, "images digits"]:
    """Mean of the label spins of each digit with the image held, one chain an image."""
    schedule = Schedule(config.label_warmup, config.label_samples, config.label_thin)
    read = _mean_given(key, graph, "image", pixels, "label", schedule)
    return read.reshape(len(pixels), len(config.digits), config.label_repeats).mean(axis=2)


@eqx.filter_jit
def imagined(
    key: Key[Array, ""], graph: FactorGraph, config: DigitsConfig, copies: int
) -> Float[Array, "digits copies pixels"]:
    """Images drawn with a label held: mean pixels over the samples of each chain."""
    num = len(config.digits)
    one_hot = 2 * np.eye(num, dtype=np.int8)[np.repeat(np.arange(num), copies)] - 1
    labels = jnp.asarray(np.repeat(one_hot, config.label_repeats, axis=1))
    schedule = Schedule(10 * config.label_warmup, config.label_samples, 1)
    return _mean_given(key, graph, "label", labels, "image", schedule).reshape(num, copies, -1)


def _mean_given(
    key: Key[Array, ""],
    graph: FactorGraph,
    given: str,
    values: Int8[Array, "chains given"],
    wanted: str,
    schedule: Schedule,
) -> Float[Array, "chains wanted"]:
    """Mean spins of one group while another is held, a chain a row of values."""
    held = {name: np.full(group.size, name == given) for name, group in graph.groups}
    states = start_chains(named(key, "start"), graph, 1.0, len(values)) | {given: values}
    chains = chains_with(graph, 1.0, held)
    return run_phase(named(key, "run"), chains, states, schedule, lambda x: x[wanted].astype(jnp.float32))[0]
