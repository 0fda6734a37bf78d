"""How long a chain runs: warm-up, samples, thinning."""

from typing import Any, NamedTuple

from isotherm.doors import instance, whole


class Schedule(NamedTuple):
    """A sampling budget, counted in steps of a kernel or Gibbs sweeps; static, so a change recompiles.

    Attributes:
        num_warmup: steps before the first sample, at least 0.
        num_samples: samples taken, at least 1; sample ``k = 1, 2, ...`` is the state after
            ``num_warmup + k * thin`` steps.
        thin: steps between samples, at least 1.
    """

    num_warmup: int = 50
    num_samples: int = 100
    thin: int = 4

    def checked(self, within: str = "") -> "Schedule":
        """This schedule, in plain whole numbers.

        Args:
            within: what refusals put before a field, such as ``"schedule."``.

        Raises:
            ValueError: naming the first field out of range.
        """
        fields = zip(self._fields, self, (0, 1, 1), strict=True)
        return Schedule(*(whole(within + name, value, least) for name, value, least in fields))


def checked_schedule(field: str, value: Any) -> Schedule:
    """A schedule whose fields are in range.

    Raises:
        TypeError: naming ``field``, if it is none.
        ValueError: naming the schedule's field out of range, after ``field``.
    """
    return instance(field, value, Schedule, "a Schedule(num_warmup, num_samples, thin)").checked(f"{field}.")


PUBLISHED = Schedule()
"""The budget of the published routing study."""
