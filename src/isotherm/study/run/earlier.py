"""A finished run put out of the way of a fresh one, whole and under its own name, in a store of its own."""

import itertools
import time
from dataclasses import replace
from pathlib import Path

from isotherm.files.place import UnfitError
from isotherm.study.store.catalog import Catalog
from isotherm.study.store.folder import RunFolder
from isotherm.study.store.lock import hold

EARLIER = "earlier"
"""The folder of a store in which those lie, each in a store named after the moment: ``earlier/STAMP/RUN``."""


def move_earlier(folder: RunFolder) -> Path | None:
    """Move a finished run out of the way.

    Args:
        folder: of the run, in its store.

    Returns:
        Where it lies now; None if there is no finished one, and nothing was moved.

    Raises:
        RunHeldError: if a process is working on it.
        UnfitError: if a link lies where it should go.
        OSError: naming the folder, if the disk refuses.
    """
    if not folder.is_finished():
        return None
    with hold(folder.lock):
        if not folder.is_finished():
            return None
        catalog = Catalog(folder.path.parent)
        row = catalog.find(folder.path.name)
        target = _free_store(folder.path.parent / EARLIER) / folder.path.name
        if row is not None:  # while no run lies there yet, whose catalog would be missed
            Catalog(target.parent).put(replace(row, path=str(target)))
        folder.path.rename(target)
        catalog.drop(target.name)
        return target


def _free_store(place: Path) -> Path:
    """A new folder, named after the moment."""
    if place.is_symlink():
        raise UnfitError(f"{place}: is a link")
    place.mkdir(exist_ok=True)
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime())
    for number in itertools.count(1):
        store = place / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            store.mkdir()
        except FileExistsError:
            continue
        return store
    raise AssertionError("there is always a next number")
