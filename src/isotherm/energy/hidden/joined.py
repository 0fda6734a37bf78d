"""All factors of a model as one: the product of their states, on which exact inference works."""

from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from isotherm import doors
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.hidden.controls import all_choices, flat_controls
from isotherm.energy.hidden.model import GenerativeModel


def joined(model: GenerativeModel) -> GenerativeModel:
    """The same model with one factor, whose states are the joint states of all factors.

    Joint states are in lexicographic order, the first factor slowest; likewise joint choices of controls. Beliefs of
    several factors are a mean field, those of one are exact. Modalities, preferences, and weights of policies stay.
    Counts are left out: those of a product are no product of counts.

    Args:
        model: of one agent or a batch.

    Raises:
        TypeError: if ``model`` is of another kind.
        ValueError: if its tensors do not fit into memory.

    >>> from isotherm.energy.hidden.model import generative_model
    >>> still = [[[1.0], [0.0]], [[0.0], [1.0]]]
    >>> one = joined(generative_model(A=[[[1, 0], [0, 1]]], B=[still, still], A_dependencies=[[1]]))
    >>> one.num_states, one.A[0][0].tolist()
    ((4,), [1.0, 0.0, 1.0, 0.0])
    """
    doors.instance("model", model, GenerativeModel, "what generative_model(A, B) makes")
    num_states, num_choices = prod(model.num_states), prod(model.num_controls)
    num_bytes = model.D[0].dtype.itemsize * num_states**2 * num_choices * (model.batch_size or 1)
    doors.affordable("num_states", model.num_states, float(num_bytes), "join fewer factors")
    return _joined(model) if model.batch_size is None else jax.vmap(_joined)(model)


@jax.jit
def _joined(model: GenerativeModel) -> GenerativeModel:
    states = all_choices(model.num_states)
    choices = all_choices(model.num_controls)
    flat = flat_controls(jnp.asarray(choices), model.B_action_dependencies, model.num_controls)
    B = jnp.ones((len(states), len(states), len(choices)), model.D[0].dtype)
    for f, (law, parents) in enumerate(zip(model.B, model.B_dependencies, strict=True)):
        now = [states[:, parent][None, :, None] for parent in parents]
        B = B * law[(states[:, f][:, None, None], *now, flat[:, f][None, None, :])]
    A = tuple(
        law[(slice(None), *(states[:, parent] for parent in parents))]
        for law, parents in zip(model.A, model.A_dependencies, strict=True)
    )
    return GenerativeModel(
        A=A,
        B=(B,),
        C=model.C,
        D=(_product(model.D, states),),
        E=model.E,
        pA=None,
        pB=None,
        pD=None,
        goal=None if model.goal is None else (_product(model.goal, states),),
        A_dependencies=((0,),) * len(A),
        B_dependencies=((0,),),
        B_action_dependencies=(tuple(range(len(model.num_controls))),),
        num_controls=model.num_controls,
    )


def _product(vectors: Tensors, states: np.ndarray) -> jax.Array:
    total = jnp.ones(len(states), vectors[0].dtype)
    for vector, column in zip(vectors, states.T, strict=True):
        total = total * vector[column]
    return total
