"""One function that reads a model file of any format."""

from collections.abc import Callable

from isotherm.doors import choice
from isotherm.energy.files.bif import from_bif
from isotherm.energy.files.bqm_binary import from_bqm_file
from isotherm.energy.files.bqm_json import from_json
from isotherm.energy.files.cfn import from_cfn
from isotherm.energy.files.cnf import from_cnf
from isotherm.energy.files.content import MAX_BYTES, Content, FilePath, read_content
from isotherm.energy.files.exchange import from_coo, from_edges
from isotherm.energy.files.formats import FORMATS, format_of
from isotherm.energy.files.model import ModelFile
from isotherm.energy.files.quadratic import EDGES, quadratic_file
from isotherm.energy.files.uai import from_uai
from isotherm.energy.files.wcsp import from_wcsp
from isotherm.energy.files.xmlbif import from_xmlbif
from isotherm.errors import refusal

_MIB = 1 << 20
MOST_BYTES: dict[str, int] = dict.fromkeys(("bif", "xmlbif", "cfn", "cnf"), 16 * _MIB)
MOST_BYTES |= dict.fromkeys(("coo", "coo-spin", "coo-binary", "edges", "bqm-json"), 32 * _MIB)
"""Most bytes of a file where a word of it takes much memory or time to read; of others ``MAX_BYTES``."""


def read_model_file(path: FilePath, form: str | None = None) -> ModelFile:
    """Read a model file, also packed by gzip or xz, or with a byte-order mark.

    Args:
        path: the file.
        form: its format, one of :data:`FORMATS`; by default told by header or suffix.

    Raises:
        ValueError: if the format is unknown or cannot be told, or naming what is wrong with the file.
        OSError: if it cannot be read.
    """
    if form is not None:
        choice("format", form, FORMATS)
    content = read_content(path)
    found = format_of(content) if form is None else form
    if len(content.data) > MOST_BYTES.get(found, MAX_BYTES):
        most = f"at most {MOST_BYTES[found]} are read of {found}"
        raise refusal("file", content.path, f"holds {len(content.data)} bytes; {most}")
    return _READERS[found](content)


def _uai(content: Content) -> ModelFile:
    model = from_uai(content)
    tables, kind = model.log_tables(), "Markov" if model.kind == "MARKOV" else "Bayesian"
    sizes = model.cardinalities.tolist()
    domains = {size: tuple(range(size)) for size in set(sizes)}
    values = tuple(domains[size] for size in sizes)
    return ModelFile("uai", f"UAI, a {kind} network of weights", tables, tuple(range(len(sizes))), values)


_READERS: dict[str, Callable[[Content], ModelFile]] = {
    "uai": _uai,
    "bif": from_bif,
    "xmlbif": from_xmlbif,
    "wcsp": from_wcsp,
    "cfn": from_cfn,
    "cnf": from_cnf,
    "bqm": lambda content: quadratic_file(from_bqm_file(content), "bqm", "dimod's binary file"),
    "bqm-json": lambda content: quadratic_file(
        from_json(content.path, content.text()), "bqm-json", "dimod JSON"
    ),
    "coo": lambda content: quadratic_file(from_coo(content, None), "coo", "dimod COO"),
    "coo-spin": lambda content: quadratic_file(from_coo(content, "SPIN"), "coo", "dimod COO"),
    "coo-binary": lambda content: quadratic_file(from_coo(content, "BINARY"), "coo", "dimod COO"),
    "edges": lambda content: quadratic_file(from_edges(content), "edges", EDGES),
}
