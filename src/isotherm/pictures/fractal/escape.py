"""Escape of ``z <- z² + c``, and the Green's function of the Mandelbrot set that follows from it.

Deterministic iteration, not sampling: nothing here is random, and nothing has a temperature.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from isotherm.errors import refusal

RADIUS = 1000.0
"""Escape is passing this modulus: so large that the potential is known to a part in a million."""

_CHUNK = 8192


class Escape(NamedTuple):
    """When and how points escaped.

    Attributes:
        counts: the first ``n``, from 0, at which ``|z_n| > RADIUS`` with ``z_0 = c``; -1 where there was none.
        modulus: ``|z|`` then; 1 where there was none.
    """

    counts: Int[np.ndarray, "*shape"]
    modulus: Float[np.ndarray, "*shape"]

    @property
    def has_escaped(self) -> np.ndarray:
        """Whether, bool."""
        return self.counts >= 0

    @property
    def potential(self) -> Float[np.ndarray, "*shape"]:
        """``log|z| / 2^n``: Douady and Hubbard's Green's function, 0 where nothing escaped."""
        return np.ldexp(np.log(self.modulus), -np.maximum(self.counts, 0))

    @property
    def smooth_count(self) -> Float[np.ndarray, "*shape"]:
        """``n + 1 - log2 log|z|``, continuous from one count to the next; NaN where nothing escaped."""
        log = np.log(np.where(self.has_escaped, self.modulus, np.e))
        return np.where(self.has_escaped, self.counts + 1 - np.log2(log), np.nan)


def escape(c: Complex[np.ndarray, "*shape"], depth: int) -> Escape:
    """Iterate each point until it escapes, ``depth`` times at most; then it stands still, and cannot overflow.

    Args:
        c: points of the plane, finite.
        depth: iterations, at least 1.

    Raises:
        ValueError: if the depth is below 1 or a point is not finite.

    References:
        Douady and Hubbard, Étude dynamique des polynômes complexes (1984); Peitgen and Saupe (editors), The
        Science of Fractal Images (1988), section 4.2 and appendix D.
    """
    if depth < 1:
        raise refusal("depth", depth, "must be at least 1")
    if not np.isfinite(c).all():
        raise refusal("c", complex(c[~np.isfinite(c)].flat[0]), "must be finite")
    flat = np.asarray(c, np.complex128).ravel()
    # zero lies inside, and waits for nobody
    padded = np.zeros((-(-len(flat) // _CHUNK), _CHUNK), np.complex128)
    padded.ravel()[: len(flat)] = flat
    with jax.enable_x64(True):
        found = _iterate(np.real(padded), np.imag(padded), np.int32(depth))
    return Escape(*(np.asarray(values).ravel()[: len(flat)].reshape(np.shape(c)) for values in found))


def gradient(c: Complex[np.ndarray, "*shape"], found: Escape) -> Complex[np.ndarray, "*shape"]:
    """Gradient of the potential, as a complex number pointing uphill; 0 where nothing escaped.

    Args:
        c: the points that escaped as ``found`` says.
        found: of :func:`escape`.
    """
    z, slope = c, np.divide(1, c, out=np.zeros_like(c), where=c != 0)
    for n in range(int(found.counts.max(initial=0))):
        # d(z² + c)/dc over z² + c, from the same of z: no derivative grows large by itself
        moves = found.counts > n
        after = np.where(moves, z * z + c, z)
        change = (2 * z * z * slope + 1) / np.where(after == 0, 1, after)
        z, slope = after, np.where(moves, change, slope)
    return np.where(found.has_escaped, np.conj(slope) * np.ldexp(1.0, -np.maximum(found.counts, 0)), 0)


def distance(potential: np.ndarray, width: float, height: float) -> Float[np.ndarray, "rows columns"]:
    """Estimate ``φ / |∇φ|`` of the distance to the set, right within a factor of 2 near it; 0 inside.

    Args:
        potential: on an even grid, differences between which stand for the gradient.
        width: of a pixel, above 0.
        height: of a pixel, above 0.
    """
    slope = np.hypot(*np.gradient(potential, height, width))
    return np.divide(potential, slope, out=np.zeros_like(potential), where=(slope > 0) & (potential > 0))


@jax.jit
def _iterate(x: Array, y: Array, depth: Array) -> tuple[Array, Array]:
    """Counts and moduli, chunk after chunk: a chunk ends when its last point has escaped."""

    def chunk(point: tuple[Array, Array]) -> tuple[Array, Array]:
        cx, cy = point
        waits = ~_is_surely_inside(cx, cy)

        def goes_on(now: tuple[Array, ...]) -> Array:
            return (now[0] <= depth) & jnp.any(now[1])

        def step(now: tuple[Array, ...]) -> tuple[Array, ...]:
            n, waits, zx, zy, count, size = now
            here = zx * zx + zy * zy
            out = waits & (here > RADIUS**2)
            count, size, waits = jnp.where(out, n, count), jnp.where(out, here, size), waits & ~out
            after = jnp.where(waits, zx * zx - zy * zy + cx, zx), jnp.where(waits, 2 * zx * zy + cy, zy)
            return n + 1, waits, *after, count, size

        start = (jnp.int32(0), waits, cx, cy, jnp.full(cx.shape, -1, jnp.int32), jnp.ones(cx.shape))
        *_, count, size = jax.lax.while_loop(goes_on, step, start)
        return count, jnp.sqrt(size)

    return jax.lax.map(chunk, (x, y))


def _is_surely_inside(x: Array, y: Array) -> Array:
    """Whether a point lies in the main cardioid or the disc left of it, where nothing ever escapes."""
    y2, right = y * y, x - 0.25
    q = right**2 + y2
    return (q * (q + right) <= 0.25 * y2) | ((x + 1) ** 2 + y2 <= 1 / 16)
