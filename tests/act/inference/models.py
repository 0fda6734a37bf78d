"""Small random models for tests of active inference."""

from typing import Any

import numpy as np

from isotherm.energy.hidden.model import GenerativeModel, generative_model


def columns(rng: np.random.Generator, *shape: int, zeros: float = 0.0) -> np.ndarray:
    """Laws along the first axis, some entries impossible."""
    found = rng.gamma(1.0, size=shape)
    dead = rng.random(shape) < zeros
    dead[0] &= ~dead.all(axis=0)  # never a whole column
    found = np.where(dead, 0.0, found)
    return found / found.sum(axis=0)


def chain_model(
    seed: int = 0, states: int = 3, symbols: int = 4, moves: int = 2, **given: Any
) -> GenerativeModel:
    """One factor, one modality."""
    rng = np.random.default_rng(seed)
    A, B = [columns(rng, symbols, states)], [columns(rng, states, states, moves)]
    D = [columns(rng, states)]
    return generative_model(A, B, given.pop("C", None), given.pop("D", D), **given)


def two_factor_model(seed: int = 0, **given: Any) -> GenerativeModel:
    """Factors of 3 and 2 states, modalities of 3 and 2 symbols, two and three moves."""
    rng = np.random.default_rng(seed)
    A = [columns(rng, 3, 3, 2), columns(rng, 2, 2)]
    B = [columns(rng, 3, 3, 2), columns(rng, 2, 2, 3)]
    D = [columns(rng, 3), columns(rng, 2)]
    return generative_model(A, B, D=D, A_dependencies=[[0, 1], [1]], **given)
