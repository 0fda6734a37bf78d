"""Studies of the library Optuna, made anew of the trials that they were told: nothing else has to be kept."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple


class ToldTrial(NamedTuple):
    """A trial that is over.

    Attributes:
        params: what it chose, by name.
        values: of its objectives, all finite; None: it failed, or was pruned.
        steps: what it told on its way, in order.
        is_pruned: whether it was given up on its way.
    """

    params: Mapping[str, Any]
    values: tuple[float, ...] | None
    steps: tuple[float, ...] = ()
    is_pruned: bool = False


def optuna() -> ModuleType:
    """The library.

    Raises:
        ValueError: in one line, if it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise ValueError("optuna: this method needs it; install it with `pip install optuna`") from None
    return optuna


@contextmanager
def quiet() -> Iterator[ModuleType]:
    """The library, telling no news of its own while it is used."""
    library = optuna()
    before = library.logging.get_verbosity()
    library.logging.set_verbosity(library.logging.ERROR)
    try:
        yield library
    finally:
        library.logging.set_verbosity(before)


def study_of(
    told: Sequence[ToldTrial],
    space: Mapping[str, Any],
    num_objectives: int,
    seed: int,
    num_startup: int,
    *,
    pruner: Any = None,
    storage: Any = None,
    name: str | None = None,
) -> Any:
    """A study that knows these trials, its objectives to be made large.

    What it suggests next depends on them and the seed alone. The sampler is the tree of Parzen estimators, of all
    parameters together, and takes trials that are not over for bad ones.

    Args:
        told: trials, oldest first.
        space: distribution of each parameter.
        num_objectives: at least 1.
        seed: of the next suggestions.
        num_startup: trials that are random, before any are learned from.
        pruner: that asks whether to give up a trial; None: none.
        storage: of the library, where the study is to be written; None: memory.
        name: of the study there.

    References:
        J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, Advances in Neural Information Processing Systems 24 (2011).
    """
    with quiet() as library:
        sampler = library.samplers.TPESampler(seed=seed, n_startup_trials=num_startup, multivariate=True)
        study = library.create_study(
            directions=["maximize"] * num_objectives,
            sampler=sampler,
            pruner=library.pruners.NopPruner() if pruner is None else pruner,
            storage=storage,
            study_name=name,
        )
        study.add_trials([_frozen(library, one, space) for one in told])
    return study


def _frozen(library: ModuleType, one: ToldTrial, space: Mapping[str, Any]) -> Any:
    states = library.trial.TrialState
    state = states.PRUNED if one.is_pruned else states.FAIL if one.values is None else states.COMPLETE
    return library.trial.create_trial(
        state=state,
        values=None if one.values is None or one.is_pruned else list(one.values),
        params=dict(one.params),
        distributions={name: space[name] for name in one.params},
        intermediate_values=dict(enumerate(one.steps)),
    )


def journal(name: str, told: Sequence[ToldTrial], space: Mapping[str, Any], num_objectives: int) -> bytes:
    """Trials as a journal file of the library, which its dashboard and its own functions read.

    Args:
        name: of the study in it.
        told: trials, oldest first.
        space: distribution of each parameter.
        num_objectives: at least 1.
    """
    with tempfile.TemporaryDirectory() as folder, quiet() as library:
        path = Path(folder) / "journal"
        backend = library.storages.journal.JournalFileBackend(str(path))
        storage = library.storages.JournalStorage(backend)
        study_of(told, space, num_objectives, 0, 0, storage=storage, name=name)
        return path.read_bytes()
