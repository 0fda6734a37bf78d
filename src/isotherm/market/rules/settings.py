"""What a strategy's timing and guardrails are set to: static, hashable, checked once."""

from dataclasses import dataclass
from typing import Literal, get_args

from isotherm import doors
from isotherm.errors import refusal

Interpolation = Literal["linear", "approx_optimal", "approx_optimal_compat", "slerp"]
Guardrail = Literal["clip", "projection", "kl_projection"]
Method = Literal["auto", "vectorized", "scan"]
Number = float | int

_FLAGS = (
    "use_alt_lamb",
    "use_pre_exp_scaling",
    "ste_max_change",
    "ste_min_max_weight",
    "start_from_first_target",
)


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """Settings that weights depend on beside parameters and prices; defaults as of fingerprints.

    Attributes:
        chunk_period: minutes between two updates, at least 1.
        weight_interpolation_period: minutes over which a move is spread, 1 .. ``chunk_period``; None for all of them.
        weight_interpolation_method: ``"linear"``; ``"approx_optimal"``, the normalised mean of the arithmetic and the
            geometric path; ``"approx_optimal_compat"``, the same with a reference's exponent; ``"slerp"``.
        maximum_change: most that a weight moves a minute, above 0.
        minimum_weight: least weight of a token, in (0, 1/n); None for 0.1/n.
        max_memory_days: longest memory of an estimator in days, above 0.
        use_alt_lamb: whether gradients are relative to an average of a second memory.
        use_pre_exp_scaling: whether channels scale gradients by a parameter; by 0.5 if not.
        ste_max_change: whether gradients pass the limit of ``maximum_change`` as if it were not there.
        ste_min_max_weight: the same for bounds of weights.
        guardrail: ``"clip"`` and rescale once, or the exact ``"projection"`` (Euclidean) or ``"kl_projection"`` onto
            weights that are at least ``minimum_weight``.
        cap_weights: most weight of a token under rules of capitalisation, one for all or one a token; None for none.
        start_from_first_target: whether rules that give targets start from the first of them, guarded, instead of the
            initial weights.

    Raises:
        TypeError: if a value is of another kind.
        ValueError: naming a value out of range.

    >>> RuleSettings(chunk_period=60).period
    60
    """

    chunk_period: int = 1440
    weight_interpolation_period: int | None = None
    weight_interpolation_method: Interpolation | str = "linear"
    maximum_change: Number = 3e-4
    minimum_weight: Number | None = None
    max_memory_days: Number = 365.0
    use_alt_lamb: bool = False
    use_pre_exp_scaling: bool = True
    ste_max_change: bool = False
    ste_min_max_weight: bool = False
    guardrail: Guardrail | str = "clip"
    cap_weights: Number | tuple[Number, ...] | None = None
    start_from_first_target: bool = False

    def __post_init__(self) -> None:
        doors.whole("chunk_period", self.chunk_period, least=1)
        if self.weight_interpolation_period is not None:
            doors.whole(
                "weight_interpolation_period",
                self.weight_interpolation_period,
                least=1,
                most=self.chunk_period,
            )
        doors.choice("weight_interpolation_method", self.weight_interpolation_method, get_args(Interpolation))
        doors.choice("guardrail", self.guardrail, get_args(Guardrail))
        doors.number("maximum_change", self.maximum_change, above=0)
        doors.number("max_memory_days", self.max_memory_days, above=0)
        if self.minimum_weight is not None:
            doors.number("minimum_weight", self.minimum_weight, above=0, below=1)
        if self.cap_weights is not None:
            caps = doors.real_numbers("cap_weights", self.cap_weights)
            if caps.ndim > 1 or not caps.size:
                raise refusal("cap_weights", self.cap_weights, "must be one number, or one a token")
            doors.numbers("cap_weights", caps, above=0, most=1)
        for name in _FLAGS:
            doors.flag(name, getattr(self, name))
        self._set_plain()

    def _set_plain(self) -> None:
        """Plain numbers of Python, so that equal settings hash equally."""
        for name in ("chunk_period", "weight_interpolation_period"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else int(value))
        for name in ("maximum_change", "minimum_weight", "max_memory_days"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        if self.cap_weights is not None:
            caps = self.cap_weights
            plain = tuple(map(float, caps)) if isinstance(caps, tuple) else float(caps)
            object.__setattr__(self, "cap_weights", plain)

    @property
    def period(self) -> int:
        """Minutes over which a move is spread."""
        return self.weight_interpolation_period or self.chunk_period

    def floor(self, num_tokens: int) -> float:
        """Least weight of each of so many tokens."""
        return 0.1 / num_tokens if self.minimum_weight is None else self.minimum_weight

    def check_tokens(self, num_tokens: int) -> None:
        """Refuse what does not fit a number of tokens.

        Raises:
            ValueError: naming a floor that is not below 1/n, or caps that cannot hold all weight.
        """
        if self.minimum_weight is not None and self.minimum_weight * num_tokens >= 1:
            allowed = f"must be below 1/{num_tokens}, one over the number of tokens"
            raise refusal("minimum_weight", self.minimum_weight, allowed)
        caps = self.cap_weights
        if isinstance(caps, tuple) and len(caps) != num_tokens:
            raise refusal("cap_weights", caps, f"must be one number, or {num_tokens}, one a token")
        total = sum(caps) if isinstance(caps, tuple) else num_tokens * (1.0 if caps is None else caps)
        if total < 1:
            raise refusal("cap_weights", caps, f"must sum to 1 or more over {num_tokens} tokens")
