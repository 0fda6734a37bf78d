"""Binary quadratic models as tables, in the file's own coding, so that no energy is rounded. NumPy only."""

import numpy as np

from isotherm.energy.files.bqm import Quadratics
from isotherm.energy.files.model import ModelFile
from isotherm.energy.tables import Names, Tables

_SIGN = {
    "SPIN": "E = sum h s + sum J s s' (dimod's sign: a positive weight favours opposite spins)",
    "BINARY": "E = sum a x + sum b x x', x of 0 and 1 (dimod's sign: a positive weight is a cost)",
}
EDGES = "edge list of spins: a positive weight favours alignment"


def quadratic_file(bqm: Quadratics, form: str, read_as: str) -> ModelFile:
    """Tables of ``-E`` of spins ``-1, +1`` or of binary variables ``0, 1``.

    Args:
        bqm: finite, in dimod's sign.
        form: name of the format.
        read_as: what was read; the model's coding and sign are added to dimod's formats.
    """
    coding = np.array([-1.0, 1.0] if bqm.vartype == "SPIN" else [0.0, 1.0])
    with_bias = np.flatnonzero(bqm.linear)
    scopes = [with_bias[:, None].astype(np.int64), bqm.pairs.astype(np.int64)]
    logs = [
        -bqm.linear[with_bias, None] * coding,
        -bqm.quadratic[:, None, None] * np.multiply.outer(coding, coding),
    ]
    kept = [k for k in (0, 1) if len(scopes[k])]
    n = len(bqm.labels)
    names = Names(labels=tuple(map(str, bqm.labels)))
    return ModelFile(
        format=form,
        read_as=read_as if form == "edges" else f"{read_as}, {bqm.vartype}: {_SIGN[bqm.vartype]}",
        tables=Tables(
            np.full(n, 2, np.int64), tuple(scopes[k] for k in kept), tuple(logs[k] + 0.0 for k in kept), names
        ),
        labels=bqm.labels,
        values=((-1, 1) if bqm.vartype == "SPIN" else (0, 1),) * n,
        constant=-bqm.offset,
        has_energies=True,
    )
