"""How an ensemble is drawn: the sampler, its temperature, and how many draws."""

from typing import Any, Literal, NamedTuple, get_args

from isotherm import doors
from isotherm.errors import refusal
from isotherm.random.keys import checked_seed

Method = Literal["mala", "tempering", "smc"]


class Sampling(NamedTuple):
    """Settings of the draws of an ensemble.

    Attributes:
        beta: inverse temperature per unit of the objective, at least 0; 0 is the prior, for ``"mala"`` alone.
        method: ``"mala"``, chains at one temperature; ``"tempering"``, ladders of chains from the prior on, which
            swap; ``"smc"``, populations that cool from the prior down.
        num_chains: chains, ladders or populations, independent of each other, at least 2.
        num_draws: kept of each, at least 4.
        thin: moves before each draw; of each particle at each temperature.
        num_warmup: moves of each chain in each of the rounds that fit steps and ladders, then of the first draws, at
            least 10.
        block: draws of each chain that are made by one call; it divides ``num_draws``.
        num_rungs: of a ladder, at least 2; None: as many as the measured barrier asks for.
        seed: of all that is drawn.
    """

    beta: Any = 1.0
    method: Method = "mala"
    num_chains: int = 8
    num_draws: int = 400
    thin: int = 5
    num_warmup: int = 200
    block: int = 100
    num_rungs: int | None = None
    seed: int = 0

    @property
    def num_blocks(self) -> int:
        """Calls in all: a population of particles is one."""
        return self.num_chains if self.method == "smc" else self.num_draws // self.block

    def checked(self) -> "Sampling":
        """These settings, in plain numbers.

        Raises:
            TypeError: naming a setting of another kind.
            ValueError: naming a setting out of range.

        >>> Sampling(beta=0.0, method="smc").checked()
        Traceback (most recent call last):
        ValueError: beta = 0.0: must be above 0 for 'smc': at 0 there is the prior, which 'mala' draws
        """
        doors.choice("method", self.method, get_args(Method))
        beta = float(doors.number("beta", self.beta, least=0))
        if beta == 0 and self.method != "mala":
            allowed = f"must be above 0 for {self.method!r}: at 0 there is the prior, which 'mala' draws"
            raise refusal("beta", beta, allowed)
        least = {"num_chains": 2, "num_draws": 4, "thin": 1, "num_warmup": 10, "block": 1}
        counts = {name: doors.whole(name, getattr(self, name), low) for name, low in least.items()}
        if counts["num_draws"] % counts["block"] and self.method != "smc":
            raise refusal("block", self.block, f"must divide num_draws, {self.num_draws}")
        rungs = None if self.num_rungs is None else doors.whole("num_rungs", self.num_rungs, 2)
        return self._replace(beta=beta, num_rungs=rungs, seed=checked_seed(self.seed), **counts)
