"""Records of a training run, finished or not, as result files hold them."""

from pathlib import Path
from typing import Any

from isotherm.errors import refusal
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.train.records import all_records
from isotherm.studies.market.pool_run import fingerprint_of
from isotherm.studies.train.config import TrainConfig
from isotherm.studies.train.links import Record, records_in
from isotherm.study.run.archive import find_run, list_runs
from isotherm.study.store.folder import RunFolder

STUDY = "train"


def training_run(name: str, out: Path) -> Path:
    """The folder of a run of ``train``, finished or not.

    Args:
        name: an id, the start of one, a folder, or ``train``: the newest complete run, or else the newest.
        out: the store.

    Raises:
        ValueError: naming it, if there is none, or several.
    """
    try:
        return find_run(name, out)
    except ValueError:
        newest = next((row for row in list_runs(out) if row.study == name == STUDY), None)
        if newest is None:
            raise
        return Path(newest.path)


def records_of(path: Path) -> list[Record]:
    """The settings, and the records of all links that are kept.

    Args:
        path: of the run's folder.

    Raises:
        ValueError: naming the run, if it is not one of ``train``, or does not say what it is of.
    """
    folder = RunFolder(path)
    identity = folder.identity(folder.sums() or {})
    if identity is None or identity["study"] != STUDY:
        made_by = "cannot be told" if identity is None else f"is {identity['study']}"
        raise refusal("RUN", path.name, f"must be a run of {STUDY}; its study {made_by}")
    chunks, records = folder.chunks(), []
    count = 0
    while f"link-{count}" in chunks:
        records += records_in(folder.read_chunk(chunks[f"link-{count}"]))
        count += 1
    return list(all_records(_settings(identity["config"]), records))


def _settings(config: dict[str, Any]) -> Fingerprint:
    return fingerprint_of(TrainConfig(**config))
