"""Small models that come with the package, for `isotherm infer --example`."""

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(str(files("isotherm.data") / "examples"))


class ExampleModel(NamedTuple):
    """One shipped model.

    Attributes:
        path: of its file.
        about: what it is, in a line.
    """

    path: Path
    about: str


EXAMPLES = {
    "asia": ExampleModel(
        _ROOT / "asia.bif",
        "the chest clinic: a Bayesian network of eight variables, Lauritzen and Spiegelhalter 1988",
    ),
    "ising": ExampleModel(
        _ROOT / "ising.coo", "a ferromagnet of 4 × 4 spins on a torus, one of them in a small field"
    ),
    "australia": ExampleModel(
        _ROOT / "australia.cfn",
        "a map of seven regions in three colours: log Z counts the 18 ways to colour it",
    ),
}
