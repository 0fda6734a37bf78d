"""Held-out log-likelihood of a restricted Boltzmann machine on 8 x 8 digits: ours against scikit-learn's.

Claim: trained for the same number of epochs on the same rows in batches of the same size, with persistent chains on
both sides, our machine's held-out log-likelihood is no worse than that of ``BernoulliRBM``; each side has the best of
a few learning rates by pseudo-likelihood on the same validation rows. Both are evaluated by one and the same annealed
importance sampling: scikit-learn's units of 0 and 1 are turned into spins, which changes no probability. Training
seconds are told, compilation apart.

``python benchmarks/rbm_vs_sklearn.py [EPOCHS] [HIDDEN] [SPLITS]`` (200, 64, 3).
"""

import sys
import time
from typing import NamedTuple

import jax
import numpy as np
import optax

from isotherm.data.binary import read_digits
from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import restricted_boltzmann
from isotherm.learn.fit import fit
from isotherm.learn.likelihood import LogLikelihood, log_likelihood
from isotherm.learn.objectives import Sampled
from isotherm.learn.observations import Observations
from stopwatch import machine

try:
    from sklearn.neural_network import BernoulliRBM  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: scikit-learn = not installed: pip install 'isotherm[peers]'")

BATCH = 100
OUR_RATES, THEIR_RATES = (0.002, 0.004, 0.008), (0.03, 0.1, 0.3)


class Trained(NamedTuple):
    """A machine, the seconds it took, and its score on the validation rows."""

    graph: FactorGraph
    seconds: float
    score: float
    rate: float


def as_spins(rbm: BernoulliRBM) -> FactorGraph:
    """scikit-learn's machine with units ``(1 + s) / 2``: the same law."""
    weights = np.asarray(rbm.components_, np.float64).T
    visible, hidden = np.asarray(rbm.intercept_visible_), np.asarray(rbm.intercept_hidden_)
    return restricted_boltzmann(
        *weights.shape,
        couplings=weights / 4,
        visible_biases=visible / 2 + weights.sum(axis=1) / 4,
        hidden_biases=hidden / 2 + weights.sum(axis=0) / 4,
    )


def score(graph: FactorGraph, rows: np.ndarray) -> float:
    return evaluate(graph, rows, 0.2).mean


def evaluate(graph: FactorGraph, rows: np.ndarray, error: float = 0.05) -> LogLikelihood:
    data = Observations.of(graph, {"visible": rows})
    return log_likelihood(graph, data, key=jax.random.key(1), method="ais", error=error)


def train_theirs(train: np.ndarray, validation: np.ndarray, hidden: int, epochs: int, rate: float) -> Trained:
    rbm = BernoulliRBM(hidden, learning_rate=rate, batch_size=BATCH, n_iter=epochs, random_state=0)
    start = time.perf_counter()
    rbm.fit((train + 1) / 2.0)
    seconds = time.perf_counter() - start
    graph = as_spins(rbm)
    return Trained(graph, seconds, score(graph, validation), rate)


def train_ours(train: np.ndarray, validation: np.ndarray, hidden: int, epochs: int, rate: float) -> Trained:
    rng = np.random.default_rng(0)
    biases = np.arctanh(np.clip(train.mean(axis=0), -0.98, 0.98))
    graph = restricted_boltzmann(64, hidden, 0.01 * rng.normal(size=(64, hidden)), visible_biases=biases)
    data = Observations.of(graph, {"visible": train})
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, epochs * (len(train) // BATCH)))
    objective, key = Sampled(num_chains=500), jax.random.key(0)
    fit(key, graph, data, objective, optimizer, num_epochs=1, batch_size=BATCH)
    start = time.perf_counter()
    found = fit(key, graph, data, objective, optimizer, num_epochs=epochs, batch_size=BATCH, l2=2e-4)
    seconds = time.perf_counter() - start
    return Trained(found.graph, seconds, score(found.graph, validation), rate)


def main(epochs: int, hidden: int, splits: int) -> None:
    print(f"{machine()}\n{hidden} hidden units, {epochs} epochs, batches of {BATCH}\n")
    pixels, differences = read_digits().pixels, []
    for split in range(splits):
        order = np.random.default_rng(split).permutation(len(pixels))
        train, validation, test = np.split(pixels[order], [1257, 1437])
        ours = max(
            (train_ours(train, validation, hidden, epochs, r) for r in OUR_RATES), key=lambda t: t.score
        )
        theirs = max(
            (train_theirs(train, validation, hidden, epochs, r) for r in THEIR_RATES), key=lambda t: t.score
        )
        found = {"ours": evaluate(ours.graph, test), "scikit-learn": evaluate(theirs.graph, test)}
        for (name, value), trained in zip(found.items(), (ours, theirs), strict=True):
            print(f"split {split}, {name}: {value}; rate {trained.rate}, {trained.seconds:.1f} s")
        differences.append(found["ours"].mean - found["scikit-learn"].mean)
    values = np.array(differences)
    error = f"{values.std(ddof=1) / len(values) ** 0.5:.3f}" if len(values) > 1 else "n/a"
    print(f"\nours less theirs: {values.mean():+.3f} ± {error} nats an image ({len(values)} splits)")


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:]), *(200, 64, 3)[len(sys.argv) - 1 :])
