"""Planners judged on random models: what is promised of their regret."""

import jax
import numpy as np
import pytest
from benchmarks.planners import RIVALS, cue_sets, judged, random_problems, random_sets


def regret(name: str, sets: tuple) -> np.ndarray:
    with jax.enable_x64(True):
        return np.concatenate([judged(RIVALS[name], problems)[0] for problems in sets])


def test_of_five_models_all_that_is_exact_finds_the_best_choice() -> None:
    """And policies of one step do not: the models need planning."""
    with jax.enable_x64(True):
        sets = (random_problems((3,), (3,), (2,), 3),)
    assert regret("`Exhaustive`, gamma 1e7", sets).max() <= 1e-6
    assert regret("policies of 1 step", sets).max() > 1e-3


@pytest.mark.slow
def test_sophisticated_inference_without_pruning_loses_nothing() -> None:
    with jax.enable_x64(True):
        sets = random_sets() + cue_sets()
    found = regret("`Sophisticated`, unpruned, gamma 1e7", sets)
    assert found.shape == (40,)
    assert found.max() <= 1e-6
    assert regret("policies of all steps", sets).max() > 0.1


@pytest.mark.slow
def test_monte_carlo_with_2000_simulations_loses_little() -> None:
    with jax.enable_x64(True):
        both = random_sets(), cue_sets()
    for sets in both:
        found = regret("`MonteCarlo`, 2000 simulations", sets)
        assert found.shape == (20,)
        assert found.mean() <= 0.02
