"""Links of a training: the state after some iterations and their records, as arrays that a chunk holds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.market.parameters.encoding import json_line
from isotherm.study.base import Arrays

Record = dict[str, Any]

_RECORDS = "records"


def with_records(arrays: Arrays, records: Sequence[Mapping[str, Any]]) -> Arrays:
    """Arrays of a link with its records beside them, as the bytes of JSON Lines.

    >>> found = with_records({"state/step": np.array(2)}, [{"step": 0}, {"step": 1, "objective": float("nan")}])
    >>> records_in(found)
    [{'step': 0}, {'objective': None, 'step': 1}]
    """
    text = "\n".join(json_line(record) for record in records)
    return arrays | {_RECORDS: np.frombuffer(text.encode(), np.uint8)}


def records_in(arrays: Mapping[str, np.ndarray]) -> list[Record]:
    """Records of a link; none of one after the end of its training."""
    return [json.loads(line) for line in arrays[_RECORDS].tobytes().decode().splitlines()]
