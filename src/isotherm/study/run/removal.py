"""A run taken out of its store for good."""

import shutil
from pathlib import Path

from isotherm.study.store.catalog import Catalog
from isotherm.study.store.folder import RunFolder
from isotherm.study.store.lock import hold


def remove_run(path: Path) -> int:
    """Delete a run's folder and forget the run.

    Args:
        path: of the folder, as :func:`isotherm.study.run.archive.find_run` finds it.

    Returns:
        Bytes of the files that went.

    Raises:
        RunHeldError: if a process is working on it.
        OSError: naming the file, if the disk refuses.
    """
    folder = RunFolder(path)
    with hold(folder.lock):
        freed = size_of(path)
        shutil.rmtree(path)
    Catalog(path.parent).drop(path.name)
    return freed


def size_of(path: Path) -> int:
    """Bytes of all files in a run's folder; links count as themselves."""
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir() or file.is_symlink())
