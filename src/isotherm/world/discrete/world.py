"""A world with hidden states: the model ``A B D`` draws, tables pay, outcomes may end an episode."""

from math import prod
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.energy.hidden.checks import Indices, Tensors, batched, check_shapes, tensors
from isotherm.energy.hidden.controls import choice_of, flat_controls
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.errors import refusal, wrong_kind
from isotherm.random.inversion import inverted
from isotherm.world.world import AbstractWorld, Step

Observation = tuple[Int32[Array, ""], ...]
"""An outcome of each modality."""


class HiddenWorldState(NamedTuple):
    """What a :class:`HiddenWorld` is in.

    Attributes:
        states: of each factor, int32 ``(F,)``.
        visited: cells that were left before in this episode, ``(cells,)``; None in a world without cells.
    """

    states: Int32[Array, " factors"]
    visited: Bool[Array, " cells"] | None = None


class HiddenWorld(AbstractWorld):
    """A partially observed world: its states move by ``B``, what is seen of them is drawn from ``A``.

    Made by :func:`hidden_world`, or by one that makes a whole world, such as :func:`grid_world`. An observation is a
    tuple of outcomes, an int32 scalar for each modality. In a world with cells ``info["new_cell"]`` is 1 where a step
    begins in a cell that no earlier step of the episode began in: the sum over steps is the number of cells visited.

    Leaves may be batched: ``jax.vmap`` over worlds gives each run a world of its own.

    Attributes:
        model: its ``A``, ``B`` and ``D`` drive the world; nothing else of it is looked at.
        rewards: of each modality, ``(O_m,)``: what its outcomes pay. A step pays their sum.
        ends_on: of each modality, the outcomes that end an episode (static).
        cell_factor: the factor whose first visits are told; None: there are no cells (static).
    """

    model: GenerativeModel
    rewards: Tensors
    ends_on: Indices = eqx.field(static=True)
    cell_factor: int | None = eqx.field(static=True)

    def reset(self, key: Key[Array, ""]) -> tuple[Observation, HiddenWorldState]:
        """States drawn from ``D``, int32 ``(F,)``, and what is seen of them.

        Args:
            key: one JAX key.

        Raises:
            ValueError: if the world is a batch, and not inside ``jax.vmap``.
        """
        self._refuse_batch()
        state_key, sight_key = jax.random.split(key)
        states = _draws(state_key, list(self.model.D))
        cell = self.cell_factor
        visited = None if cell is None else jnp.zeros(self.model.num_states[cell], bool)
        return self.observe(sight_key, states), HiddenWorldState(states, visited)

    def step(self, key: Key[Array, ""], state: HiddenWorldState, action: Any) -> Step:
        """All factors move at once, each from the states before; then the new states are observed.

        Args:
            key: one JAX key.
            state: of one run.
            action: whole numbers, a choice of each control, ``(controls,)``; or one, the number of the joint choice
                (see :func:`isotherm.energy.hidden.controls.choice_number`). Where a ``-1`` stands, and with None, the
                states stay and are observed anew.

        Raises:
            TypeError: if ``action`` is no whole number.
            ValueError: if it is of another shape, or out of range; traced ones pass.
        """
        self._refuse_batch()
        move_key, sight_key = jax.random.split(key)
        moved = self._moved(move_key, state.states, self.choice(action))
        states = (
            state.states
            if action is None
            else jnp.where((jnp.asarray(action) < 0).any(), state.states, moved)
        )
        observation = self.observe(sight_key, states)
        visited, info = self._visit(state)
        no = jnp.zeros((), bool)
        after = HiddenWorldState(states, visited)
        return Step(observation, after, self._reward(observation), self._is_over(observation), no, info)

    def observe(self, key: Key[Array, ""], states: Int32[Array, " factors"]) -> Observation:
        """Outcomes drawn for given states.

        Args:
            key: one JAX key.
            states: of each factor, int32 ``(F,)``.

        Returns:
            An int32 scalar for each modality.
        """
        model = self.model
        parents = zip(model.A, model.A_dependencies, strict=True)
        drawn = _draws(key, [A[(slice(None), *(states[f] for f in of))] for A, of in parents])
        return tuple(drawn[m] for m in range(len(model.A)))

    def start_at(self, states: Any) -> "HiddenWorld":
        """This world, whose episodes begin in given states: ``D`` is sure of them.

        Give the agent the ``model`` of the world as it was, unless it is to know where it starts.

        Args:
            states: of each factor, whole numbers ``(F,)``; may be traced, so that ``jax.vmap`` gives a start a run.

        Raises:
            TypeError: if they are no whole numbers.
            ValueError: if they are of another shape, or no states.
        """
        self._refuse_batch()
        sizes = self.model.num_states
        found = _whole_numbers("states", states, (len(sizes),), np.zeros(len(sizes)), np.array(sizes) - 1)
        D = tuple(jax.nn.one_hot(found[f], n, dtype=self.model.D[f].dtype) for f, n in enumerate(sizes))
        return eqx.tree_at(lambda world: world.model.D, self, D)

    def choice(self, action: Any) -> Int32[Array, " controls"]:
        """An action as a choice of each control, int32 ``(controls,)``; all ``-1`` of none.

        Args:
            action: as :meth:`step` takes it.

        Raises:
            TypeError: if ``action`` is no whole number.
            ValueError: if it is of another shape, or out of range.
        """
        sizes = self.model.num_controls
        least = np.full(len(sizes), -1)
        if action is None:
            return jnp.asarray(least, jnp.int32)
        if np.ndim(action):
            found = _whole_numbers("action", action, (len(sizes),), least, np.array(sizes) - 1)
        else:
            most = np.array(prod(sizes) - 1)
            number = _whole_numbers("action", action, (), np.array(-1), most)
            joint = choice_of(number, sizes) if sizes else jnp.zeros(0, jnp.int32)
            found = jnp.where(number < 0, -1, joint)
        return jnp.where((found < 0).any(), -1, found)

    def _moved(
        self, key: Key[Array, ""], states: Int32[Array, " factors"], choice: Int32[Array, " controls"]
    ) -> Int32[Array, " factors"]:
        model = self.model
        flat = flat_controls(choice, model.B_action_dependencies, model.num_controls)
        laws = []
        for f, (B, of) in enumerate(zip(model.B, model.B_dependencies, strict=True)):
            laws.append(B[(slice(None), *(states[parent] for parent in of), jnp.maximum(flat[f], 0))])
        return _draws(key, laws)

    def _reward(self, observation: Observation) -> Float[Array, ""]:
        paid = [table[outcome] for table, outcome in zip(self.rewards, observation, strict=True)]
        return jnp.stack(paid).sum().astype(jnp.float32)

    def _is_over(self, observation: Observation) -> Bool[Array, ""]:
        over = jnp.zeros((), bool)
        for outcome, ends in zip(observation, self.ends_on, strict=True):
            for end in ends:
                over = over | (outcome == end)
        return over

    def _visit(self, state: HiddenWorldState) -> tuple[Bool[Array, " cells"] | None, dict[str, Array]]:
        """The mask after a step, and its record."""
        if self.cell_factor is None or state.visited is None:
            return None, {}
        cell = state.states[self.cell_factor]
        is_new = ~state.visited[cell]
        return state.visited.at[cell].set(True), {"new_cell": is_new.astype(jnp.float32)}

    def _refuse_batch(self) -> None:
        if self.model.batch_size is not None:
            mend = "a batch of worlds: call its methods inside jax.vmap over the world"
            raise refusal("model.batch_size", self.model.batch_size, mend)


def hidden_world(
    model: GenerativeModel, rewards: Any = None, *, ends_on: Any = None, cell_factor: int | None = None
) -> HiddenWorld:
    """A checked :class:`HiddenWorld`.

    Args:
        model: of the world; see :func:`isotherm.energy.hidden.model.generative_model`.
        rewards: a list over modalities, each a table ``(O_m,)`` of what outcomes pay, or None for nothing.
        ends_on: a list over modalities of lists of outcomes that end an episode; by default none does.
        cell_factor: a factor whose first visits ``info["new_cell"]`` tells.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the table, the outcome or the factor at fault.

    >>> from isotherm.energy.hidden.model import generative_model
    >>> lamp = generative_model(A=[[[1, 0], [0, 1]]], B=[[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], D=[[1, 0]])
    >>> world = hidden_world(lamp, rewards=[[0.0, 2.0]], ends_on=[[1]])
    >>> observation, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 1)  # switch it on
    >>> int(observation[0]), int(answer.observation[0]), float(answer.reward), bool(answer.terminated)
    (0, 1, 2.0, True)
    """
    doors.instance("model", model, GenerativeModel, "a GenerativeModel", "generative_model(A, B) makes one")
    if cell_factor is not None:
        cell_factor = doors.whole("cell_factor", cell_factor, 0, len(model.num_states) - 1)
    return HiddenWorld(model, _tables(model, rewards), _ends("ends_on", ends_on, model.num_obs), cell_factor)


def _tables(model: GenerativeModel, rewards: Any) -> Tensors:
    """Of each modality, in the model's dtype, with its batch in front."""
    sizes, dtype, batch_size = model.num_obs, model.D[0].dtype, model.batch_size
    listed = [None] * len(sizes) if rewards is None else rewards
    listed = doors.sequence("rewards", listed, "a list of tables, one for each modality")
    if len(listed) != len(sizes):
        raise refusal("len(rewards)", len(listed), f"must be {len(sizes)}, one table a modality")
    filled = [jnp.zeros(n, dtype) if table is None else table for table, n in zip(listed, sizes, strict=True)]
    found = tuple(
        batched(f"rewards[{m}]", table, 1, batch_size).astype(dtype)
        for m, table in enumerate(tensors("rewards", filled))
    )
    front = () if batch_size is None else (batch_size,)
    check_shapes("rewards", found, [(*front, n) for n in sizes])
    return found


def _ends(field: str, values: Any, sizes: tuple[int, ...]) -> Indices:
    """Outcomes of each modality."""
    listed = doors.sequence(field, [()] * len(sizes) if values is None else values, "a list of lists")
    if len(listed) != len(sizes):
        raise refusal(f"len({field})", len(listed), f"must be {len(sizes)}, a list for each modality")
    found = []
    for m, (inner, size) in enumerate(zip(listed, sizes, strict=True)):
        name = f"{field}[{m}]"
        outcomes = doors.sequence(name, inner, "a list of outcomes")
        found.append(tuple(doors.whole(name, outcome, 0, size - 1) for outcome in outcomes))
    return tuple(found)


def _draws(key: Key[Array, ""], laws: list[Float[Array, " _"]]) -> Int32[Array, " laws"]:
    """A value from each law."""
    uniforms = jax.random.uniform(key, (len(laws),), laws[0].dtype)
    drawn = [inverted(law, uniforms[i]).astype(jnp.int32) for i, law in enumerate(laws)]
    return jnp.stack(drawn)


def _whole_numbers(
    field: str, values: Any, shape: tuple[int, ...], least: np.ndarray, most: np.ndarray
) -> Int32[Array, "..."]:
    """An int32 array of a shape, within bounds where its entries are known."""
    found = values if isinstance(values, jax.Array) else doors.regular(field, values)
    if not jnp.issubdtype(found.dtype, jnp.integer):
        raise wrong_kind(field, values, "whole numbers")
    if found.shape != shape:
        raise refusal(f"{field}.shape", found.shape, f"must be {shape}")
    if not doors.is_traced(found):
        host = np.asarray(found)
        wrong = (host < least) | (host > most)
        if wrong.any():
            allowed = f"must be within {least.tolist()} .. {most.tolist()}"
            raise refusal(field, host.tolist(), allowed)
    return jnp.asarray(found).astype(jnp.int32)
