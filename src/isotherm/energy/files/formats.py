"""Which format a file is of: by its header, its suffix, or because the caller says so; never by elimination."""

import re

from isotherm.energy.files.bqm_binary import MAGIC
from isotherm.energy.files.content import Content
from isotherm.energy.files.exchange import (
    COO_HEADER,
    EDGES_HEADER,
    Line,
    numbered,
    refuse_header,
    refuse_unweighted,
)
from isotherm.errors import refusal

FORMATS = {
    "uai": "UAI model, begins with MARKOV or BAYES",
    "bif": "BIF, a Bayesian network with names",
    "xmlbif": "XMLBIF, the same in XML",
    "wcsp": "WCSP, cost functions",
    "cfn": "CFN, cost functions with names",
    "cnf": "DIMACS CNF, uniform over the solutions",
    "bqm": "dimod's binary file of a quadratic model",
    "bqm-json": "dimod's JSON of a quadratic model",
    "coo": "dimod's COO with a line # vartype=SPIN or BINARY",
    "coo-spin": "dimod's COO of spins, without that line",
    "coo-binary": "dimod's COO of 0 and 1, without that line",
    "edges": "lines `i j coupling` or `i bias` for spins, positive favours alignment",
}
"""Names that ``--format`` takes, and what they stand for."""

_SUFFIXES = {
    ".uai": "uai",
    ".bif": "bif",
    ".xmlbif": "xmlbif",
    ".xbif": "xmlbif",
    ".wcsp": "wcsp",
    ".cfn": "cfn",
    ".cnf": "cnf",
    ".dimacs": "cnf",
    ".bqm": "bqm",
    ".coo": "coo",
    ".edges": "edges",
    ".edgelist": "edges",
}
_BIF = re.compile(
    r"(\s|//[^\n]*|/\*.*?\*/)*(network\b[^{;]*\{|variable\s+\S+\s*\{)", re.DOTALL | re.IGNORECASE
)
_CNF = re.compile(r"(?:c\b[^\n]*\n|\s++)*+p\s+cnf\b")
_CFN = re.compile(r'(#[^\n]*\n|\s)*\{\s*"?problem"?[\s:{\[]')
_XMLBIF = re.compile(r"<BIF[\s>]", re.IGNORECASE)
_XMLBIF_BYTES = re.compile(rb"<BIF[\s>]", re.IGNORECASE)
_DIMOD_JSON = re.compile(r'"type"\s*:\s*"BinaryQuadraticModel"')
_BEGINNING = 1 << 16


def format_of(content: Content) -> str:
    """The format of a file, one of :data:`FORMATS`.

    A header decides; where there is none, the suffix does; lines of numbers without either are an edge list only
    where some hold a bias and some a coupling, which no other format writes so.

    Raises:
        ValueError: if header and suffix contradict each other, or neither tells; naming the formats that are read.
    """
    by_suffix, by_header = _SUFFIXES.get(content.suffix), _by_header(content)
    if by_header and by_suffix and by_header != by_suffix:
        say = f"--format {by_header} or --format {by_suffix}"
        raise refusal(
            "file", content.path, f"begins like {by_header} but is called {content.suffix}; say {say}"
        )
    return by_header or by_suffix or _by_lines(content)


def _by_header(content: Content) -> str | None:
    if content.data.startswith(MAGIC):
        return "bqm"
    if content.data.startswith(b"DIMOD"):
        raise refusal(
            "file", content.path, "is another model of dimod than a binary quadratic one; write that"
        )
    if content.data.lstrip().startswith(b"<"):  # XML says its own encoding
        return "xmlbif" if _XMLBIF_BYTES.search(content.data) else None
    text = content.text()
    begin = text[:_BEGINNING].lstrip()
    if begin.split(maxsplit=1)[:1] and begin.split(maxsplit=1)[0].upper() in ("MARKOV", "BAYES"):
        return "uai"
    if begin.startswith("<"):
        return "xmlbif" if _XMLBIF.search(text) else None
    if _CFN.match(begin):
        return "cfn"
    if begin.startswith("{"):
        return "bqm-json" if _DIMOD_JSON.search(text) else None
    if _CNF.match(text):
        return "cnf"
    if _BIF.match(begin):
        return "bif"
    if COO_HEADER.search(text):
        return "coo"
    return "edges" if begin.startswith(EDGES_HEADER) else None


def _by_lines(content: Content) -> str:
    """An edge list, where biases show it; or a refusal that says what it might be."""
    lines = None if content.data.lstrip().startswith(b"<") else _lines(content)
    if lines is None:
        known = ", ".join(FORMATS)
        raise refusal(
            "file", content.path, f"of no format that header or suffix tell; read are, by --format: {known}"
        )
    refuse_header(lines)
    for line in lines:
        refuse_unweighted(line)
    arities = {len(line.variables) for line in lines}
    if arities == {1, 2}:
        return "edges"
    if arities == {1}:
        mend = (
            "could be an edge list of biases alone, or any table of two columns; say --format edges for that"
        )
        raise refusal("file", content.path, mend)
    mend = (
        "say --format edges (positive favours alignment) or coo-spin, coo-binary (dimod's, of the other sign)"
    )
    raise refusal("file", content.path, f"could be an edge list or dimod's COO, whose signs differ; {mend}")


def _lines(content: Content) -> list[Line] | None:
    try:
        return list(numbered(content)) or None
    except ValueError:
        return None
