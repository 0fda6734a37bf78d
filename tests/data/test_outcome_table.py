"""Tables of outcomes as people keep them: read with every column named, or refused by column, row and entry."""

import gzip
import lzma
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isotherm.data.outcomes import OutcomeTable, read_outcome_table, read_outcomes
from isotherm.studies.routing.replay import ReplayConfig, RoutingReplay
from isotherm.study.report.reading import reading_table
from isotherm.study.tables import to_html

TABLES = Path(__file__).parents[1] / "faults" / "tables"
VENUES = ("NYSE", "BATS", "IEX", "EDGX", "ARCA")
ROWS = [[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0]]
SPINS = 2 * np.array(ROWS, np.int8) - 1


def written(path: Path, text: str | bytes) -> OutcomeTable:
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    return read_outcome_table(path)


def lines(*rows: str, header: str | None = "a,b,c") -> str:
    return "\n".join([*([header] if header else []), *rows]) + "\n"


PLAIN = lines("1,0,1", "0,1,1", "1,1,0", "0,0,1", "1,0,0")


# ------------------------------------------------------------------------------
# The tables of the issue


@pytest.mark.parametrize(
    ("name", "hole"), [("t_na", True), ("t_nan", True), ("t_nohead", False), ("t_space", False)]
)
def test_the_same_outcomes_in_other_clothes(name: str, hole: bool) -> None:
    plain = read_outcomes(TABLES / "t_plain.csv")
    assert plain.shape == (60, 4)
    found = read_outcome_table(TABLES / f"{name}.csv")
    expected = plain.copy()
    if hole:
        expected[7, 3] = 0
    np.testing.assert_array_equal(found.outcomes, expected)
    names = ("a", "b", "c", "d") if name != "t_nohead" else tuple(f"column {i}" for i in range(1, 5))
    assert found.venues == names
    assert ("no header" in found.reading) == (name == "t_nohead")


def test_a_parquet_nan_is_a_missing_entry() -> None:
    found = read_outcome_table(TABLES / "p_nan.parquet")
    assert np.argwhere(found.outcomes == 0).tolist() == [[7, 3]]


@pytest.mark.parametrize(
    ("name", "left_out", "read"),
    [
        ("plus_minus_one.csv", [], "-1 is a failure, 0 a missing entry"),
        ("na_words.csv", [], "0 is a failure"),
        ("padded.csv", [], "0 is a failure"),
        ("semicolons.csv", [], "entries apart by semicolons"),
        ("dates.csv", [("date", "2015-01-01", 0)], "0 is a failure"),
    ],
)
def test_tables_of_venues_are_read_and_their_columns_named(name: str, left_out: list, read: str) -> None:
    found = read_outcome_table(TABLES / name)
    assert found.venues == VENUES
    assert [column[:3] for column in found.left_out] == left_out
    assert read in found.reading
    assert found.outcomes.shape[0] in (59, 60)
    same = read_outcomes(TABLES / "padded.csv")
    if name != "semicolons.csv":
        np.testing.assert_array_equal(found.outcomes, same)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t_two.csv", r"d in row 50 \(line 52\) = '2': column 'd' holds outcomes but for some entries"),
        ("one_bad.csv", r"IEX in row 6 \(line 8\) = '2'"),
        ("words.csv", r"has no column of outcomes: NYSE .* \('filled' in row 0\)"),
    ],
)
def test_what_cannot_be_told_is_refused_by_column_row_and_entry(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_outcome_table(TABLES / name)


def test_a_first_row_of_outcomes_is_no_header() -> None:
    found = read_outcome_table(TABLES / "no_header.csv")
    assert found.outcomes.shape == (60, 5)
    assert found.outcomes[0].tolist() == [1, 1, -1, -1, -1]
    assert "no header" in found.reading


# ------------------------------------------------------------------------------
# More of their kind

DRESSED = {
    "plain.csv": PLAIN,
    "tabs.tsv": PLAIN.replace(",", "\t"),
    "tabs.csv": PLAIN.replace(",", "\t"),
    "bars.csv": PLAIN.replace(",", "|"),
    "mark.csv": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf16.csv": PLAIN.encode("utf-16"),
    "carriage.csv": PLAIN.replace("\n", "\r\n"),
    "quoted.csv": '"a","b","c"\n' + "".join(",".join(f'"{e}"' for e in row) + "\n" for row in ROWS),
    "floats.csv": PLAIN.replace("0", "0.0").replace("1", "1.00"),
    "truths.csv": PLAIN.replace("0", "false").replace("1", "TRUE"),
    "decimals.csv": PLAIN.replace(",", ";").replace("0", "0,0").replace("1", "1,0"),
    "blank.csv": PLAIN + "\n\n,,\n  \n",
    "gap.csv": PLAIN.replace("0,1,1\n", "0,1,1\n\n"),
    "minus.csv": PLAIN.replace("0", "-1"),
    "printed.csv": PLAIN.replace("0", "\u22121").replace("1,", "+1,").replace("\u2212+1", "\u22121"),
    "packed.csv.gz": gzip.compress(PLAIN.encode()),
    "packed.csv.xz": lzma.compress(PLAIN.encode()),
    "index.csv": ",a,b,c\n" + "".join(f"{i},{','.join(map(str, row))}\n" for i, row in enumerate(ROWS)),
    "clock.csv": "t,a,b,c\n"
    + "".join(f"{9 + i}:30,{','.join(map(str, row))}\n" for i, row in enumerate(ROWS)),
    "trailing.csv": PLAIN.replace("\n", ",\n"),
    "pandas.csv": ",0,1,2\n" + "".join(f"{i},{','.join(map(str, row))}\n" for i, row in enumerate(ROWS)),
    "noted.csv": lines(
        *(",".join(map(str, row)) + f",{i / 7:.3f}" for i, row in enumerate(ROWS)), header="a,b,c,p"
    ),
}


@pytest.mark.parametrize("name", DRESSED)
def test_outcomes_are_read_whatever_they_wear(name: str, tmp_path: Path) -> None:
    found = written(tmp_path / name, DRESSED[name])
    np.testing.assert_array_equal(found.outcomes, SPINS)
    assert found.venues == (("0", "1", "2") if name == "pandas.csv" else ("a", "b", "c"))
    others = {
        "index.csv": "column 1",
        "pandas.csv": "column 1",
        "clock.csv": "t",
        "trailing.csv": "column 4",
        "noted.csv": "p",
    }
    assert [column.name for column in found.left_out] == ([others[name]] if name in others else [])


@pytest.mark.parametrize("word", ["", "NA", "nan", "None", "null", "N/A", "?", "-", '""'])
def test_words_for_nothing_are_missing_entries(word: str, tmp_path: Path) -> None:
    found = written(tmp_path / "t.csv", lines(f"1,{word},1", "0,1,1", "1,1,0"))
    np.testing.assert_array_equal(found.outcomes, [[1, 0, 1], [-1, 1, 1], [1, 1, -1]])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_read(encoding: str, tmp_path: Path) -> None:
    found = written(tmp_path / "t.csv", lines("1,0,1", "0,1,1").encode(encoding))
    np.testing.assert_array_equal(found.outcomes, [[1, -1, 1], [-1, 1, 1]])


def test_columns_that_never_change_are_venues_and_empty_ones_are_not(tmp_path: Path) -> None:
    found = written(tmp_path / "t.csv", lines("1,0,1,", "1,0,0,", "1,0,1,", header="a,b,c,d"))
    np.testing.assert_array_equal(found.outcomes, [[1, -1, 1], [1, -1, -1], [1, -1, 1]])
    assert found.left_out[0].name == "d"
    assert found.left_out[0].why == "holds no entry"


REFUSED = {
    "ragged": (lines("1,0,1", "0,1", "1,1,0"), "line 3 holds 2 entries, others 3"),
    "long": (lines("1,0,1", "0,1,1,1", "1,1,0"), "line 3 holds 4 entries, others 3"),
    "twins": (lines("1,0,1", "0,1,1", header="a,b,a"), "columns = 'a': names 2 columns of outcomes"),
    "half a header": (
        lines("1,0,1", "0,1,1", "1,1,0", header="a,1,c"),
        "the first row holds 'a' beside outcomes",
    ),
    "odd first row": (
        lines("1,0,1", "0,1,1", "1,1,0", header="1,0,2"),
        "the first row holds '2' beside outcomes",
    ),
    "both codings": (
        lines("1,-1,1", "-1,1,0", "1,1,0"),
        r"columns = 'c': looks like 0/1, but 'a' holds -1 in row 1 \(line 3\)",
    ),
    "truth and numbers": (lines("1,0,true", "0,1,1", "1,1,false"), r"c in row 1 \(line 3\) = '1'"),
    "counts": (lines("1,0,3", "0,1,1", "1,1,0"), r"c in row 0 \(line 2\) = '3'"),
    "half of them words": (
        lines("1,0,1", "0,1,lost", "1,1,0", "1,0,lost"),
        r"c in row 1 \(line 3\) = 'lost'",
    ),
    "one word": (lines("1,0,1", "0,1,lost", "1,1,0"), r"c in row 1 \(line 3\) = 'lost'"),
    "header alone": ("a,b,c\n", "holds a header and no rows"),
    "nothing": ("\n\n", "holds no rows"),
    "open quote": ('a,b,c\n1,"0,1\n', "line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tables_at_fault_are_refused(name: str, tmp_path: Path) -> None:
    text, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        written(tmp_path / "t.csv", text)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 2 is no UTF-8 text; save it as UTF-8"):
        written(tmp_path / "latin.csv", "a,b,c\nné,1,0\n".encode("latin-1"))
    for name in ("t.csv.gz", "t.csv.xz", "t.parquet"):
        with pytest.raises(ValueError, match="cannot be read"):
            written(tmp_path / name, b"no such thing")
    with pytest.raises(ValueError, match="cannot be read"):
        read_outcome_table(tmp_path / "absent.csv")


def test_named_columns_are_taken_in_their_order_and_the_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(lines("1,0,x", "0,1,y", "1,1,z"))
    found = read_outcome_table(path, ("b", "a"))
    np.testing.assert_array_equal(found.outcomes, [[-1, 1], [1, -1], [1, 1]])
    assert [(column.name, column.why) for column in found.left_out] == [("c", "not named in columns")]
    with pytest.raises(ValueError, match=r"columns = 'c': .*: 'x' stands in row 0 \(line 2\)"):
        read_outcome_table(path, ("a", "c"))


def test_parquet_of_every_type(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {
            "day": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 4), eager=True),
            "nullable": pl.Series([1, None, 0, 1], dtype=pl.Int8),
            "floats": [0.0, 1.0, float("nan"), 1.0],
            "bools": [True, False, None, True],
            "words": ["1", "NA", "0", "1"],
            "lists": [[1], [0], [1], [0]],
            "price": [1.5, 2.5, 0.0, 1.0],
        }
    ).drop("price").write_parquet(path)
    found = read_outcome_table(path)
    assert found.venues == ("nullable", "floats", "bools", "words")
    np.testing.assert_array_equal(
        found.outcomes, [[1, -1, 1, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [1, 1, 1, 1]]
    )
    assert [column.name for column in found.left_out] == ["day", "lists"]


# ------------------------------------------------------------------------------
# What the study says


def test_venues_and_columns_left_out_stand_in_metrics_and_tables(tmp_path: Path) -> None:
    study, config = RoutingReplay(), ReplayConfig(table=str(TABLES / "dates.csv"))
    study.check(config)
    said = study._read(config).said()
    assert said["venues"] == list(VENUES)
    assert said["left_out"][0]["name"] == "date"
    page = to_html(reading_table(said))
    assert "NYSE, BATS, IEX, EDGX, ARCA" in page
    assert "left out: date" in page
    assert "&#x27;2015-01-01&#x27; in row 0" in page


def test_a_table_in_which_nothing_fails_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "won.csv"
    path.write_text("a,b,c\n" + "1,1,\n1,,1\n,1,1\n" * 12)
    RoutingReplay().check(ReplayConfig(table=str(path)))


@pytest.mark.slow
def test_a_run_shows_what_was_read(isotherm, tmp_path: Path) -> None:
    code, said, _ = isotherm(
        "run",
        "routing-replay",
        f"--table={TABLES / 'dates.csv'}",
        "--agents=epsilon-greedy",
        "--num-runs=2",
        "--batch=2",
        "--workers=1",
    )
    assert code == 0
    assert "read as venues (5)" in said
    assert "left out: date" in said
