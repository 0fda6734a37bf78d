"""What an active-inference agent may be told, checked before any work."""

from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Literal, get_args

from isotherm import doors
from isotherm.act.inference.choice import ActionSelection, SamplingMode
from isotherm.energy.hidden.logs import Floor
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.errors import refusal

Algorithm = Literal["exact", "fpi", "ovf", "vmp", "mmp"]
LearningMode = Literal["online", "offline"]
Novelty = Literal["exact", "legacy"]

WINDOW = 32
"""Steps of a window that nobody gave a length."""


@dataclass(frozen=True)
class Settings:
    """Structure of an agent: whatever changes it compiles anew.

    Attributes:
        use_utility: preferences count in planning.
        use_states_info_gain: information about hidden states counts.
        use_param_info_gain: information about A and B counts, of those that have counts.
        use_inductive: states off the way to the goal cost.
        inductive_depth: steps looked ahead of the goal, at least 1.
        action_selection: ``"deterministic"`` or ``"stochastic"``.
        sampling_mode: ``"full"`` (a policy is chosen) or ``"marginal"`` (each control by itself).
        inference_algo: ``"exact"`` (one factor), ``"fpi"`` (mean-field filter), ``"ovf"`` (the same, smoothed before
            it is learned from), ``"vmp"`` or ``"mmp"`` (message passing over a window).
        num_iter: sweeps of mean-field inference, at least 1.
        inference_horizon: steps of the window of ``vmp``, ``mmp`` and of online learning, at least 1; 32 by default.
        learning_mode: ``"online"``, at every step; ``"offline"``, at the end of an episode.
        learn_A: from what was observed.
        learn_B: from transitions.
        learn_D: from first states, at the end of an episode.
        episode_length: steps that offline learning remembers, at least 1; of longer episodes the last ones.
        categorical_obs: observations are weights of symbols instead of symbols.
        novelty: form of information gain about parameters.
        keep_zeros: what has no count to begin with never gets one.
        floor: ``"reference"`` clips probabilities at its epsilon before logarithms; None loses nothing.

    Raises:
        TypeError: if a flag or a number is of another kind.
        ValueError: naming a word that is none of those allowed, or a number out of range.
    """

    use_utility: bool = True
    use_states_info_gain: bool = True
    use_param_info_gain: bool = False
    use_inductive: bool = False
    inductive_depth: int = 1
    action_selection: str = "deterministic"
    sampling_mode: str = "full"
    inference_algo: str = "fpi"
    num_iter: int = 16
    inference_horizon: int | None = None
    learning_mode: str = "online"
    learn_A: bool = False
    learn_B: bool = False
    learn_D: bool = False
    episode_length: int | None = None
    categorical_obs: bool = False
    novelty: str = "exact"
    keep_zeros: bool = True
    floor: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, bool):
                doors.flag(field.name, value)
        for name, words in WORDS.items():
            _word(name, getattr(self, name), words)
        if self.floor is not None:
            _word("floor", self.floor, ("reference",))
        for name in ("inductive_depth", "num_iter"):
            doors.whole(name, getattr(self, name), 1)
        for name in ("inference_horizon", "episode_length"):
            if getattr(self, name) is not None:
                doors.whole(name, getattr(self, name), 1)
        if self.learns_offline and self.episode_length is None:
            mend = "offline learning must know how many steps of an episode to remember"
            raise refusal("episode_length", None, mend)

    @property
    def clip(self) -> Floor | None:
        """:attr:`floor`, as functions take it."""
        return "reference" if self.floor == "reference" else None

    @property
    def learns_offline(self) -> bool:
        """Whether A or B is learned from whole episodes."""
        return self.learning_mode == "offline" and (self.learn_A or self.learn_B)

    @property
    def learns_online(self) -> bool:
        """Whether A or B is learned at every step."""
        return self.learning_mode == "online" and (self.learn_A or self.learn_B)

    @property
    def passes_messages(self) -> bool:
        """Whether beliefs come from a whole window."""
        return self.inference_algo in ("vmp", "mmp")

    @property
    def smooths(self) -> bool:
        """Whether filtered beliefs are smoothed before they are learned from."""
        return self.inference_algo in ("exact", "ovf")

    @property
    def window(self) -> int:
        """Steps of history that inference and online learning look at; 0: none."""
        horizon = WINDOW if self.inference_horizon is None else self.inference_horizon
        if self.passes_messages:
            return horizon
        if not self.learns_online:
            return 0
        return max(2, horizon) if self.smooths else 2

    @property
    def remembered(self) -> int:
        """Steps of history that are kept."""
        kept = self.episode_length if self.learns_offline or (self.learn_D and self.smooths) else 0
        return max(self.window, kept or 0)


WORDS: dict[str, tuple[str, ...]] = {
    "action_selection": get_args(ActionSelection),
    "sampling_mode": get_args(SamplingMode),
    "inference_algo": get_args(Algorithm),
    "learning_mode": get_args(LearningMode),
    "novelty": get_args(Novelty),
}


def _word(field: str, value: object, words: tuple[str, ...]) -> None:
    if isinstance(value, str) and value in words:
        return
    close = get_close_matches(str(value), words, 1, 0.4)
    meant = f"; did you mean {close[0]}?" if close else ""
    raise refusal(field, value, f"should be one of {', '.join(words)}{meant}")


def check_fits(settings: Settings, model: GenerativeModel) -> None:
    """Refuse what a model cannot do.

    Raises:
        ValueError: naming the setting.
    """
    num_factors = len(model.num_states)
    alone = all(parents == (f,) for f, parents in enumerate(model.B_dependencies))
    if settings.inference_algo == "exact" and num_factors > 1:
        mend = f"needs one factor, the model has {num_factors}: use ovf or fpi, or join the factors into one"
        raise refusal("inference_algo", "exact", mend)
    learns = settings.learn_A or settings.learn_B
    if settings.inference_algo == "ovf" and learns and not alone:
        mend = "smooths factors that depend on themselves alone: use mmp or vmp"
        raise refusal("inference_algo", "ovf", mend)
    for name in ("A", "B", "D"):
        if getattr(settings, f"learn_{name}") and getattr(model, f"p{name}") is None:
            raise refusal(f"learn_{name}", True, f"needs counts: give p{name}")
    if settings.use_param_info_gain and model.pA is None and model.pB is None:
        raise refusal("use_param_info_gain", True, "needs counts: give pA, pB or both")
    if settings.use_inductive and model.goal is None:
        raise refusal("use_inductive", True, "needs states to reach: give goal")
    if settings.use_inductive and not alone:
        raise refusal("use_inductive", True, "needs factors that depend on themselves alone")
    own = tuple((f,) for f in range(num_factors))
    if settings.sampling_mode == "marginal" and model.B_action_dependencies != own:
        mend = "needs one control a factor: use full, which keeps shared controls together"
        raise refusal("sampling_mode", "marginal", mend)
