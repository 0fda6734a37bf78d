"""The generative model of a partially observed world: ``A B C D E``, their Dirichlet counts, who depends on whom."""

from math import prod
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.hidden.checks import (
    Indices,
    Tensors,
    batched,
    check_counts,
    check_laws,
    check_shapes,
    dependencies,
    tensors,
)
from isotherm.errors import refusal


class GenerativeModel(eqx.Module):
    """``p(s_1) prod_t p(o_t | s_t) prod_t p(s_{t+1} | s_t, u_t)`` over ``M`` modalities and ``F`` factors.

    Made by :func:`generative_model`. Tensors have the event axis first, and are leaves: a batch of models is a model
    whose leaves lead with the batch, made for ``jax.vmap``.

    Attributes:
        A: of each modality, ``(O_m, *S_parents)``: p(observation | states of :attr:`A_dependencies`).
        B: of each factor, ``(S_f, *S_parents, U_f)``: p(next | states of :attr:`B_dependencies`, control). ``U_f``
            numbers the joint choices of the controls in ``B_action_dependencies[f]``, the last one fastest; 1 where
            there are none.
        C: of each modality, log-preferences ``(O_m,)`` or, a row for each planned step, ``(H, O_m)``.
        D: of each factor, ``(S_f,)``: p(first state).
        E: of policies, ``(P,)``; None: all alike.
        pA: Dirichlet counts of A, or None.
        pB: of B, or None.
        pD: of D, or None.
        goal: of each factor, ``(S_f,)`` of 0 and 1, for inductive planning; or None.
        A_dependencies: factors that each modality depends on, in the order of A's axes.
        B_dependencies: factors that each factor's next state depends on, itself among them.
        B_action_dependencies: controls that drive each factor.
        num_controls: choices of each control.
    """

    A: Tensors
    B: Tensors
    C: Tensors
    D: Tensors
    E: Float[Array, "*batch policies"] | None
    pA: Tensors | None
    pB: Tensors | None
    pD: Tensors | None
    goal: Tensors | None
    A_dependencies: Indices = eqx.field(static=True)
    B_dependencies: Indices = eqx.field(static=True)
    B_action_dependencies: Indices = eqx.field(static=True)
    num_controls: tuple[int, ...] = eqx.field(static=True)

    @property
    def batch_size(self) -> int | None:
        """Number of agents that the leaves lead with; None of one model without such an axis."""
        return self.D[0].shape[0] if self.D[0].ndim == 2 else None

    @property
    def num_obs(self) -> tuple[int, ...]:
        """Symbols of each modality."""
        lead = self.D[0].ndim - 1
        return tuple(tensor.shape[lead] for tensor in self.A)

    @property
    def num_states(self) -> tuple[int, ...]:
        """States of each factor."""
        return tuple(tensor.shape[-1] for tensor in self.D)

    @property
    def num_flat_controls(self) -> tuple[int, ...]:
        """``U_f`` of each factor."""
        return tuple(tensor.shape[-1] for tensor in self.B)


def generative_model(
    A: Any,
    B: Any,
    C: Any = None,
    D: Any = None,
    E: Any = None,
    *,
    pA: Any = None,
    pB: Any = None,
    pD: Any = None,
    goal: Any = None,
    A_dependencies: Any = None,
    B_dependencies: Any = None,
    B_action_dependencies: Any = None,
    num_controls: Any = None,
    batch_size: int | None = None,
) -> GenerativeModel:
    """A checked model; see :class:`GenerativeModel` for shapes.

    Args:
        A: laws of observations, a list over modalities; None: the mean of ``pA``.
        B: laws of transitions, a list over factors; an axis for each control of the factor comes last, and a last
            axis of length 1 may stand for none. None: the mean of ``pB``.
        C: log-preferences, used raw; constant by default.
        D: laws of the first state; the mean of ``pD``, else uniform, by default.
        E: weights of policies, normalised here; all alike by default.
        pA: counts of A, of its shapes.
        pB: counts of B, of its shapes.
        pD: counts of D, of its shapes.
        goal: states to reach.
        A_dependencies: all factors, by default.
        B_dependencies: each factor on itself alone, by default.
        B_action_dependencies: each factor has its own control, by default.
        num_controls: choices of each control; told from B's axes by default.
        batch_size: number of agents, each with a model of its own. Every array may then lead with that many or with
            one, or be shared by all; told from its own rank.

    Raises:
        TypeError: if a list or a number is of another kind.
        ValueError: naming the entry at fault: a column that sums to something else than 1, a shape that does not fit
            the dependencies, a factor that does not depend on itself, a count below 0, NaN.

    References:
        Da Costa et al., Active inference on discrete state-spaces, J. Math. Psychol. 99 (2020) 102447.

    >>> model = generative_model(A=[[[0.9, 0.1], [0.1, 0.9]]], B=[[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]])
    >>> model.num_obs, model.num_states, model.num_controls, model.D[0].tolist()
    ((2,), (2,), (2,), [0.5, 0.5])
    """
    if batch_size is not None:
        batch_size = doors.whole("batch_size", batch_size, 1)
    for name, law, counts in (("A", A, pA), ("B", B, pB)):
        if law is None and counts is None:
            raise refusal(name, None, f"give {name}, or p{name}, whose mean it then is")
    num_modalities = len(tensors("pA", pA) if A is None else tensors("A", A))
    num_factors = len(tensors("pB", pB) if B is None else tensors("B", B))
    for name, count, what in (("A", num_modalities, "modality"), ("B", num_factors, "factor")):
        if not count:
            raise refusal(f"len({name})", 0, f"must have at least one {what}")
    parts = _Parts(
        dependencies("A_dependencies", A_dependencies, num_modalities, num_factors, "factor"),
        _with_itself(
            dependencies("B_dependencies", B_dependencies, num_factors, num_factors, "factor", own=True)
        ),
        _driven("B_action_dependencies", B_action_dependencies, num_factors, num_controls),
        batch_size,
    )
    laws_B, counts_B = parts.law_and_counts("B", B, pB)
    sizes = tuple(tensor.shape[parts.lead] for tensor in (laws_B if counts_B is None else counts_B))
    num_controls = parts.count_controls(laws_B, num_controls)
    laws_A, counts_A = parts.law_and_counts("A", A, pA)
    for name, found, parents in (("A", laws_A, parts.of_A), ("B", laws_B, parts.of_B)):
        parts.check_parents(name, found, parents, sizes)
    laws_D, counts_D = parts.first_states(D, pD, sizes)
    model = GenerativeModel(
        A=laws_A,
        B=parts.flat(laws_B),
        C=parts.preferences(C, [tensor.shape[parts.lead] for tensor in laws_A]),
        D=laws_D,
        E=parts.policy_prior(E),
        pA=counts_A,
        pB=None if counts_B is None else parts.flat(counts_B),
        pD=counts_D,
        goal=parts.goals(goal, sizes),
        A_dependencies=parts.of_A,
        B_dependencies=parts.of_B,
        B_action_dependencies=parts.controls,
        num_controls=num_controls,
    )
    widest = np.result_type(*(leaf.dtype for leaf in jax.tree.leaves(model)))
    return jax.tree.map(lambda leaf: leaf.astype(widest), model)


class _Parts(NamedTuple):
    """Who depends on whom, and how many agents there are: what every tensor's shape follows from."""

    of_A: Indices
    of_B: Indices
    controls: Indices
    batch_size: int | None

    @property
    def lead(self) -> int:
        """Axes before the event axis."""
        return 0 if self.batch_size is None else 1

    def ranks(self, name: str) -> list[int]:
        """Axes of each tensor of one agent."""
        if name == "A":
            return [1 + len(parents) for parents in self.of_A]
        return [1 + len(p) + max(1, len(c)) for p, c in zip(self.of_B, self.controls, strict=True)]

    def law_and_counts(self, name: str, law: Any, counts: Any) -> tuple[Tensors, Tensors | None]:
        """Of A or of B; the law is the mean of the counts where it is not given."""
        found = None if counts is None else self.tensors(name, f"p{name}", counts)
        for i, tensor in enumerate(found or ()):
            check_counts(f"p{name}[{i}]", tensor, self.lead)
        if law is None:
            assert found is not None
            return tuple(tensor / tensor.sum(self.lead, keepdims=True) for tensor in found), found
        laws = self.tensors(name, name, law)
        for i, tensor in enumerate(laws):
            check_laws(f"{name}[{i}]", tensor, self.lead)
        if found is not None:
            check_shapes(f"p{name}", found, [tensor.shape for tensor in laws])
        return laws, found

    def tensors(self, name: str, field: str, values: Any) -> Tensors:
        """With the batch in front; a factor without controls gets a control axis of length 1."""
        found = []
        listed = tensors(field, values, len(self.of_A if name == "A" else self.of_B))
        for i, (tensor, rank) in enumerate(zip(listed, self.ranks(name), strict=True)):
            if name == "B" and not self.controls[i]:
                bare = tensor.ndim == rank - 1 or (
                    self.lead and tensor.ndim == rank and tensor.shape[-1] != 1
                )
                tensor = tensor[..., None] if bare else tensor
            found.append(batched(f"{field}[{i}]", tensor, rank, self.batch_size))
        return tuple(found)

    def check_parents(self, name: str, found: Tensors, parents: Indices, sizes: tuple[int, ...]) -> None:
        """Refuse axes of other lengths than the parents have states."""
        for i, (tensor, of) in enumerate(zip(found, parents, strict=True)):
            there = tensor.shape[self.lead + 1 : self.lead + 1 + len(of)]
            wanted = tuple(sizes[factor] for factor in of)
            if there != wanted:
                mend = f"the axes of factors {list(of)} must have lengths {wanted}"
                raise refusal(f"{name}[{i}].shape", tensor.shape[self.lead :], mend)

    def count_controls(self, laws: Tensors, given: Any) -> tuple[int, ...]:
        """Choices of each control, the same wherever it stands."""
        count = 1 + max((control for of in self.controls for control in of), default=-1)
        found: list[int | None] = [None] * count if given is None else list(given)
        for f, (tensor, of, parents) in enumerate(zip(laws, self.controls, self.of_B, strict=True)):
            for control, length in zip(of, tensor.shape[self.lead + 1 + len(parents) :], strict=False):
                if found[control] not in (None, length):
                    mend = f"control {control} has {found[control]} choices elsewhere"
                    raise refusal(f"B[{f}].shape", tensor.shape[self.lead :], mend)
                found[control] = length
        return tuple(1 if length is None else doors.whole("num_controls", length, 1) for length in found)

    def flat(self, found: Tensors) -> Tensors:
        """With one axis for all controls of a factor."""
        kept = [self.lead + 1 + len(of) for of in self.of_B]
        return tuple(
            tensor.reshape(*tensor.shape[:k], prod(tensor.shape[k:]))
            for tensor, k in zip(found, kept, strict=True)
        )

    def first_states(self, D: Any, pD: Any, sizes: tuple[int, ...]) -> tuple[Tensors, Tensors | None]:
        """D and its counts."""
        counts = None if pD is None else self.vectors("pD", pD, sizes)
        for f, tensor in enumerate(counts or ()):
            check_counts(f"pD[{f}]", tensor, self.lead)
        if D is None and counts is not None:
            return tuple(tensor / tensor.sum(-1, keepdims=True) for tensor in counts), counts
        D = [jnp.full(n, 1.0 / n) for n in sizes] if D is None else D
        laws = self.vectors("D", D, sizes)
        for f, tensor in enumerate(laws):
            check_laws(f"D[{f}]", tensor, self.lead)
        return laws, counts

    def goals(self, goal: Any, sizes: tuple[int, ...]) -> Tensors | None:
        """Vectors of 0 and 1."""
        found = None if goal is None else self.vectors("goal", goal, sizes)
        for f, tensor in enumerate(found or ()):
            if not doors.is_traced(tensor) and bool(((tensor != 0) & (tensor != 1)).any()):
                raise refusal(f"goal[{f}]", tensor.tolist(), "must be 0 or 1 for each state")
        return found

    def vectors(self, field: str, values: Any, sizes: tuple[int, ...]) -> Tensors:
        """One of each factor, over its states."""
        found = tuple(
            batched(f"{field}[{f}]", tensor, 1, self.batch_size)
            for f, tensor in enumerate(tensors(field, values, len(sizes)))
        )
        front = () if self.batch_size is None else (self.batch_size,)
        check_shapes(field, found, [(*front, n) for n in sizes])
        return found

    def preferences(self, C: Any, sizes: list[int]) -> Tensors:
        """Of each modality: a vector, or a row for each planned step."""
        C = [jnp.full(n, 1.0 / n) for n in sizes] if C is None else C
        found = []
        for m, (tensor, n) in enumerate(zip(tensors("C", C, len(sizes)), sizes, strict=True)):
            if not tensor.ndim or tensor.shape[-1] != n:
                raise refusal(f"C[{m}].shape", tensor.shape, f"the last axis must have length {n}")
            found.append(batched(f"C[{m}]", tensor, self._preference_rank(m, tensor), self.batch_size))
        return tuple(found)

    def _preference_rank(self, m: int, tensor: Float[Array, "..."]) -> int:
        if self.batch_size is None or tensor.ndim != 2:
            return min(2, max(1, tensor.ndim - self.lead if tensor.ndim > 2 else tensor.ndim))
        return 1 if tensor.shape[0] in (1, self.batch_size) else 2

    def policy_prior(self, E: Any) -> Float[Array, "..."] | None:
        """Normalised weights of policies."""
        if E is None:
            return None
        found = batched("E", tensors("E", [E])[0], 1, self.batch_size)
        check_counts("E", found, -1)
        return found / found.sum(-1, keepdims=True)


def _driven(field: str, values: Any, num_factors: int, num_controls: Any) -> Indices:
    """Controls of each factor; each its own by default."""
    if num_controls is not None:
        count = len(doors.sequence("num_controls", num_controls, "a list of whole numbers"))
    elif values is None:
        count = num_factors
    else:
        listed = doors.sequence(field, values, "a list of lists")
        numbers = [n for inner in listed for n in doors.sequence(field, inner, "a list of controls")]
        count = 1 + max((doors.whole(field, n, 0) for n in numbers), default=-1)
    return dependencies(field, values, num_factors, count, "control", own=True)


def _with_itself(parents: Indices) -> Indices:
    """Dependencies of B, each of which must have its own factor."""
    for f, of in enumerate(parents):
        if f not in of:
            raise refusal(f"B_dependencies[{f}]", list(of), f"must have factor {f} itself among them")
    return parents
