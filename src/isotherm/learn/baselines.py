r"""What a Boltzmann machine must beat: spins that are independent, and spins predicted one after the other.

.. math:: p(s) = \prod_i \sigma\Bigl(2 s_i \bigl(b_i + \sum_{j<i} W_{ij} s_j\bigr)\Bigr)

is a logistic regression of every spin on those before it; with :math:`W = 0` the spins are independent. Its
likelihood is exact and convex in the parameters.

References:
    Frey, Graphical models for machine learning and digital communication (1998), fully visible sigmoid belief
    networks; Cox, The regression analysis of binary sequences, JRSS B 20 (1958).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int8, Key, Num

from isotherm import doors
from isotherm.energy.coding import concrete, spin_rows
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed


class Autoregressive(NamedTuple):
    """Each spin's log odds, linear in the spins before it.

    Attributes:
        biases: shape ``(n,)``.
        weights: shape ``(n, n)``, strictly lower triangular.
    """

    biases: Float[Array, " n"]
    weights: Float[Array, "n n"]

    def log_likelihood(
        self, spins: Num[Array | np.ndarray, "rows n"] | Bool[Array | np.ndarray, "rows n"]
    ) -> Float[Array, " rows"]:
        """Exact log-probability of each row in nats; an entry of 0 is missing and counts nothing.

        Args:
            spins: ``-1`` and ``+1``, or bools, shape ``(rows, n)``.

        Returns:
            float32, shape ``(rows,)``, at most 0.

        Raises:
            ValueError: naming the entry in another coding, where entries are known.
        """
        known = concrete(spins)
        s = jnp.asarray(spins if known is None else spin_rows("spins", known)).astype(jnp.float32)
        fields = self.biases[None] + s @ self.weights.T
        return jnp.where(s != 0, jax.nn.log_sigmoid(2 * s * fields), 0.0).sum(axis=1)

    def draw(self, key: KeyOrSeed, num: int) -> Int8[Array, "num n"]:
        """Independent draws, spin after spin: int8 ``-1`` and ``+1``, shape ``(num, n)``."""
        n = self.biases.shape[0]

        def one(key: Key[Array, ""]) -> Int8[Array, " n"]:
            uniforms = jax.random.uniform(key, (n,), jnp.float32)

            def put(i: Array, s: Array) -> Array:
                up = uniforms[i] < jax.nn.sigmoid(2 * (self.biases[i] + self.weights[i] @ s))
                return s.at[i].set(jnp.where(up, 1.0, -1.0))

            return jax.lax.fori_loop(0, n, put, jnp.zeros(n, jnp.float32)).astype(jnp.int8)

        return jax.vmap(one)(jax.random.split(doors.random_key("key", key), num))


def fit_independent(
    spins: Num[Array | np.ndarray, "rows n"] | Bool[Array | np.ndarray, "rows n"],
) -> Autoregressive:
    """Independent spins with the frequencies of the data, half an observation of each value added.

    Args:
        spins: ``+1``, ``-1``, and NaN (or 0 where ``-1`` occurs too) where missing; shape ``(rows, n)``.

    Raises:
        ValueError: naming the entry in another coding.
    """
    s = spin_rows("spins", spins)
    up, down = (s > 0).sum(axis=0) + 0.5, (s < 0).sum(axis=0) + 0.5
    biases = jnp.asarray(0.5 * np.log(up / down), jnp.float32)
    return Autoregressive(biases, jnp.zeros((len(biases), len(biases)), jnp.float32))


def fit_autoregressive(
    spins: Num[Array | np.ndarray, "rows n"] | Bool[Array | np.ndarray, "rows n"],
    strength: float = 1e-3,
    num_steps: int = 200,
) -> Autoregressive:
    """Maximum likelihood with a penalty of ``strength / 2`` times the sum of squares of biases and weights.

    Args:
        spins: ``+1``, ``-1``, and NaN (or 0 where ``-1`` occurs too) where missing, which stands for no influence;
            shape ``(rows, n)``.
        strength: above 0, in nats a row; keeps the optimum finite.
        num_steps: of L-BFGS, at least 1.

    Raises:
        ValueError: naming the argument out of range, or the entry in another coding.
    """
    if not strength > 0:
        raise refusal("strength", strength, "should be above 0")
    if num_steps < 1:
        raise refusal("num_steps", num_steps, "should be at least 1")
    return _fit(jnp.asarray(spin_rows("spins", spins)), jnp.asarray(strength, jnp.float32), num_steps)


@eqx.filter_jit
def _fit(spins: Int8[Array, "rows n"], strength: Float[Array, ""], num_steps: int) -> Autoregressive:
    n = spins.shape[1]
    below = jnp.tril(jnp.ones((n, n), jnp.float32), -1)
    solver = optax.lbfgs()

    def loss(model: Autoregressive) -> Float[Array, ""]:
        model = Autoregressive(model.biases, model.weights * below)
        penalty = jnp.sum(model.biases**2) + jnp.sum(model.weights**2)
        return strength / 2 * penalty - model.log_likelihood(spins).mean()

    value_and_grad = optax.value_and_grad_from_state(loss)

    def step(carry: tuple[Autoregressive, optax.OptState], _: None) -> tuple[tuple, None]:
        model, state = carry
        value, gradient = value_and_grad(model, state=state)
        updates, state = solver.update(gradient, state, model, value=value, grad=gradient, value_fn=loss)
        return (optax.apply_updates(model, updates), state), None

    start = Autoregressive(jnp.zeros(n, jnp.float32), jnp.zeros((n, n), jnp.float32))
    (model, _), _ = jax.lax.scan(step, (start, solver.init(start)), None, length=num_steps)
    return Autoregressive(model.biases, model.weights * below)
