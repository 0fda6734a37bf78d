"""The hash of keys, written out: published answers, JAX's own bits, and that JAX compiles it in our form."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.random import threefry
from isotherm.random.keys import run_keys

# Random123 1.14, kat_vectors: threefry2x32, 20 rounds
KNOWN = [
    ((0, 0, 0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF,) * 4, (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("words", "expected"), KNOWN)
def test_published_answers(words: tuple[int, ...], expected: tuple[int, int]) -> None:
    found = threefry.threefry(*(jnp.uint32(word) for word in words))
    assert tuple(map(int, found)) == expected


def test_draws_are_those_of_jax_by_itself() -> None:
    """Bits of a process that never imports this package, of few words and of many."""
    code = """
import sys, jax, numpy as np
key = jax.random.key(7)
keys = jax.random.split(key, 3)
found = [
    jax.random.key_data(keys), jax.random.key_data(jax.random.fold_in(key, 5)), jax.random.bits(key, (70, 70)),
    jax.random.gamma(key, np.float32(0.3), (5,)), jax.vmap(lambda k: jax.random.randint(k, (4,), 0, 9))(keys),
]
sys.stdout.write(" ".join(np.asarray(one).tobytes().hex() for one in found))
"""
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    with_ours = "import isotherm.random\n" + code
    ours = subprocess.run(
        [sys.executable, "-c", with_ours], capture_output=True, text=True, check=True
    ).stdout
    assert ours == alone
    assert len(ours) > 39_000


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other devices keep JAX's own kernels")
@pytest.mark.parametrize("size", [3, threefry.MANY + 1])
def test_jax_compiles_its_keys_without_a_loop(size: int) -> None:
    compiled = jax.jit(lambda key: jax.random.bits(key, (size,))).lower(jax.random.key(0)).compile()
    assert "while" not in compiled.as_text()


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other devices keep JAX's own kernels")
def test_keys_split_again_and_again_are_hashed_once_each() -> None:
    """Fused into each other, three generations of keys would hold a hash for each of all pairs."""

    def third(key: jax.Array) -> jax.Array:
        for _ in range(3):
            key = jax.random.split(key)[0]
        return jax.random.bits(key, (3,))

    text = jax.jit(third).lower(jax.random.key(0)).compile().as_text()
    fused = [part.count(" xor(") for part in text.split("\n\n")]
    assert max(fused) < 60
    np.testing.assert_array_equal(jax.jit(third)(jax.random.key(1)), third(jax.random.key(1)))


def test_keys_of_runs_compile_once(caplog: pytest.LogCaptureFixture) -> None:
    run_keys(0, 0, 5)
    with jax.log_compiles():
        run_keys(1, 10, 5)
    assert "Finished XLA compilation" not in caplog.text
