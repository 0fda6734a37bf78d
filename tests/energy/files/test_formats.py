"""Formats are told by header, suffix or name; packed and marked files are read; nothing is guessed."""

import gzip
import lzma

import numpy as np
import pytest
from tests.support.model_files import ALL_DIFFERENT, CANCER, CFN, CNF, DOG, XMLBIF, log_weights, read_text

from isotherm.energy.files import content
from isotherm.energy.files.exchange import read_dimod, read_edge_list
from isotherm.energy.files.read import read_model_file
from isotherm.energy.files.uai import read_uai

TRIPLES = "0 1 1.000000\n0 2 0.500000\n1 2 -1.000000\n"
UAI = "MARKOV\n2\n2 2\n1\n2 0 1\n4\n1 2 3 4\n"
HEADED = {
    "uai": UAI,
    "bif": DOG,
    "xmlbif": XMLBIF,
    "cfn": CFN,
    "cnf": CNF,
    "coo": f"# vartype=SPIN\n{TRIPLES}",
    "edges": f"# i j coupling | i bias; positive favours alignment\n{TRIPLES}",
}


@pytest.mark.parametrize("form", HEADED)
def test_a_header_tells_the_format_whatever_the_name(tmp_path, form):
    for name in ("model", "model.txt", f"model.{form}"):
        found = read_text(tmp_path, name, HEADED[form])
        assert found.format == form
        assert len(found.values) == len(found.labels) == found.tables.num_variables
    other = "wcsp" if form != "wcsp" else "uai"
    with pytest.raises(ValueError, match=rf"begins like {form} but is called .{other}; say --format"):
        read_text(tmp_path, f"model.{other}", HEADED[form])
    assert read_text(tmp_path, f"model.{other}", HEADED[form], form).format == form


@pytest.mark.parametrize(
    ("name", "text"), [("a.wcsp", ALL_DIFFERENT), ("a.bif", CANCER), ("a.edges", TRIPLES)]
)
def test_a_suffix_tells_the_format_where_there_is_no_header(tmp_path, name, text):
    assert read_text(tmp_path, name, text).format == name.partition(".")[2]


def test_lines_of_three_numbers_are_refused_for_their_two_signs(tmp_path):
    for name in ("c3.txt", "c3", "c3.dat"):
        with pytest.raises(ValueError, match="could be an edge list or dimod's COO, whose signs differ"):
            read_text(tmp_path, name, TRIPLES)
    with pytest.raises(ValueError, match=r"vartype = None: .*--format coo-spin or coo-binary"):
        read_text(tmp_path, "c3.coo", TRIPLES)
    spins = read_text(tmp_path, "c3.coo", TRIPLES, "coo-spin")
    assert np.logaddexp.reduce(log_weights(spins)) == pytest.approx(3.304590, abs=1e-6)
    assert log_weights(spins).max() == 2.5
    edges = read_text(tmp_path, "c3.coo", TRIPLES, "edges")
    assert np.logaddexp.reduce(log_weights(edges)) == pytest.approx(2.755089, abs=1e-6)
    binary = read_text(tmp_path, "c3.coo", TRIPLES, "coo-binary")
    assert binary.values == ((0, 1),) * 3
    np.testing.assert_array_equal(log_weights(binary), [0, 0, 0, 1, 0, -0.5, -1, -0.5])


@pytest.mark.parametrize("name", ["ring4.edges", "ring4.txt", "ring4"])
def test_edges_without_weights_are_no_biases(tmp_path, name):
    for text in (
        "0 1\n1 2\n2 3\n3 0\n",
        "# Nodes: 4 Edges: 4\n# FromNodeId\tToNodeId\n0\t1\n0\t2\n1\t2\n2\t3\n",
    ):
        with pytest.raises(ValueError, match=r"line . = '0 1': has no weight"):
            read_text(tmp_path, name, text)


def test_two_columns_alone_are_no_edge_list_unless_that_is_said(tmp_path):
    text = "0 1.0\n1 2.0\n2 3.0\n"  # an array of edges, as NumPy writes floats; or any series of numbers
    with pytest.raises(ValueError, match="biases alone, or any table of two columns; say --format edges"):
        read_text(tmp_path, "ring.txt", text)
    for named, form in (("ring.txt", "edges"), ("ring.edges", None)):
        assert log_weights(read_text(tmp_path, named, text, form)).max() == 6.0


def test_a_bias_shows_an_edge_list(tmp_path):
    found = read_text(tmp_path, "ring.txt", "# spins\n0 1 0.5\n1 0.3\n")
    assert (found.format, found.read_as) == (
        "edges",
        "edge list of spins: a positive weight favours alignment",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "0 1 x\n",
        "%%MatrixMarket matrix coordinate real general\n3 3 1\n1 2 0.5\n",
        "p edge 3 2\ne 1 2\ne 2 3\n",
        'net { }\nnode a { states = ("y" "n"); }',
        "<graphml></graphml>",
        '{"type": "SampleSet"}',
        "[1, 2]",
    ],
)
def test_other_formats_are_refused_with_those_that_are_read(tmp_path, text):
    with pytest.raises(ValueError, match="of no format that header or suffix tell") as refused:
        read_text(tmp_path, "model.txt", text)
    for form in (*HEADED, "wcsp", "bqm", "bqm-json", "coo-spin", "coo-binary"):
        assert form in str(refused.value).split("by --format: ")[1].split(", ")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value).replace(str(tmp_path), "")) < 250, (
        "the formats are the end of one short line"
    )


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="format = 'hugin': should be one of uai, bif"):
        read_text(tmp_path, "a.net", "net {}", "hugin")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_byte_order_marks_are_read(tmp_path, encoding):
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    (tmp_path / "m.uai").write_bytes((mark + UAI).encode(encoding))
    assert np.logaddexp.reduce(log_weights(read_model_file(tmp_path / "m.uai"))) == pytest.approx(np.log(10))
    assert read_uai(tmp_path / "m.uai").tables[0].tolist() == [[1, 2], [3, 4]]
    (tmp_path / "m.edges").write_bytes((mark + "0 1 0.5\r\n1 2 0.5\r\n").encode(encoding))
    edges = log_weights(read_model_file(tmp_path / "m.edges"))
    assert np.logaddexp.reduce(edges) == pytest.approx(2.319671, abs=1e-6)
    assert read_edge_list(tmp_path / "m.edges").labels == (0, 1, 2)
    for name, text in (("m.bif", CANCER), ("m.cnf", CNF), ("m.cfn", CFN), ("m.wcsp", ALL_DIFFERENT)):
        (tmp_path / name).write_bytes((mark + text).encode(encoding))
        assert np.isfinite(log_weights(read_model_file(tmp_path / name))).any()


def test_without_a_mark_other_encodings_are_refused(tmp_path):
    (tmp_path / "m.uai").write_bytes(UAI.encode("utf-16-le"))
    with pytest.raises(
        ValueError, match=r"is not text: it holds NUL; if it is UTF-16, save it with a byte-order"
    ):
        read_model_file(tmp_path / "m.uai")
    (tmp_path / "m.uai").write_bytes(b"\xff" + UAI.encode())
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        read_model_file(tmp_path / "m.uai")


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (lzma.compress, ".xz")])
def test_packed_files_are_read_also_in_parts_and_refused_where_damaged(tmp_path, pack, suffix):
    path = tmp_path / f"m.edges{suffix}"
    path.write_bytes(pack(b"0 1 1.0\n") + pack(b"0 2 0.5\n1 2 -1.0\n"))
    found = read_model_file(path)
    assert found.format == "edges"
    np.testing.assert_array_equal(log_weights(found), log_weights(read_text(tmp_path, "m.edges", TRIPLES)))
    assert read_edge_list(path).labels == (0, 1, 2)
    (tmp_path / f"m.coo{suffix}").write_bytes(pack(HEADED["coo"].encode()))
    assert read_dimod(tmp_path / f"m.coo{suffix}").labels == (0, 1, 2)
    path.write_bytes(pack(TRIPLES.encode() * 50)[:-6])
    with pytest.raises(ValueError, match="is packed and damaged"):
        read_model_file(path)
    path.write_bytes(pack(TRIPLES.encode())[:12] + b"garbage" * 9)
    with pytest.raises(ValueError, match="is packed and damaged"):
        read_model_file(path)


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "MAX_BYTES", 100_000)
    for pack, suffix in ((gzip.compress, ".gz"), (lzma.compress, ".xz")):
        path = tmp_path / f"m.uai{suffix}"
        path.write_bytes(pack(b" " * 3_000_000))
        assert path.stat().st_size < 10_000
        with pytest.raises(ValueError, match=r"holds more than 100,?000 bytes"):
            read_model_file(path)
    (tmp_path / "m.uai").write_bytes(b" " * 100_001)
    with pytest.raises(ValueError, match=r"holds more than 100,?000 bytes"):
        read_model_file(tmp_path / "m.uai")


@pytest.mark.parametrize("magic", [b"BZh91AY", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"])
def test_other_packers_are_named(tmp_path, magic):
    (tmp_path / "m.uai").write_bytes(magic + b"....")
    with pytest.raises(ValueError, match=r"is packed by \w+; gzip and xz are read"):
        read_model_file(tmp_path / "m.uai")


def test_a_weight_that_vanishes_and_a_table_of_zeros_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"table 0, entry 1 = '1e-400': becomes 0 in float64, which forbids"):
        read_text(tmp_path, "m.uai", "MARKOV 1 2 1 1 0 2 0.0 1e-400")
    with pytest.raises(ValueError, match="table 1 = 'all zero': no state is possible"):
        read_text(tmp_path, "m.uai", "MARKOV 2 2 2 2 1 0 1 1 2 1 1 2 0 0")
    with pytest.raises(ValueError, match="number of variables = '"):
        read_text(tmp_path, "m.uai", "MARKOV ٢ 2 2 0")
