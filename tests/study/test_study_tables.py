import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from isotherm.study.tables import Estimate, Table, cell_lines, to_html, to_markdown, to_rich


def test_an_estimate_shows_two_digits_of_its_error() -> None:
    assert cell_lines(Estimate(624.13, 2.49, 200)) == ["624.1 ± 2.5 (200)"]
    assert cell_lines(Estimate(1789.4, 14.7, 200)) == ["1789 ± 15 (200)"]
    assert cell_lines(Estimate(0.00412, 0.00031, 64)) == ["0.00412 ± 0.00031 (64)"]


def test_a_published_value_stands_beside_it() -> None:
    estimate = Estimate(624.1, 2.5, 200, published=624.83, published_se=2.5)
    assert cell_lines(estimate) == ["624.1 ± 2.5 (200)", "published 624.8, -0.2 SE"]
    assert estimate.deviation == pytest.approx(-0.73 / math.hypot(2.5, 2.5))


def test_zero_against_zero_is_no_difference() -> None:
    assert cell_lines(Estimate(0, 0, 200, published=0)) == ["0 ± 0 (200)", "published 0, +0.0 SE"]
    assert cell_lines(Estimate(1, 0, 200, published=0)) == ["1 ± 0 (200)", "published 0"]


def test_a_single_run_has_no_error() -> None:
    single = Estimate.of([3.0], published=2.0)
    assert cell_lines(single) == ["3 ± n/a (1)", "published 2"]
    assert json.dumps(single.to_json(), allow_nan=False) == '{"mean": 3.0, "se": null, "n": 1}'


def test_samples_give_mean_and_standard_error() -> None:
    values = np.asarray([1.0, 2.0, 4.0], np.float32)
    estimate = Estimate.of(values)
    assert estimate.se == pytest.approx(values.std(ddof=1) / math.sqrt(3))
    for bad in ([], [1.0, math.nan]):
        with pytest.raises(ValueError, match="needs at least one value, all of them finite"):
            Estimate.of(bad)


def test_tables_fit_a_terminal_and_a_page() -> None:
    row = ("<agent>", Estimate(624.1, 2.5, 200, 624.8), 3, 0.25, None, True)
    table = Table("Regret & more", ("agent", "a", "b", "c", "d", "e"), (row,))
    out = io.StringIO()
    Console(file=out, width=120).print(to_rich(table))
    assert "624.1 ± 2.5 (200)" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 120
    page = to_html(table)
    assert "&lt;agent&gt;" in page
    assert "Regret &amp; more" in page
    assert "<td>–</td>" in page


def test_ragged_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="needs 2 cells"):
        Table("t", ("a", "b"), (("x",),))


def test_a_bar_in_markdown_is_no_border() -> None:
    table = Table(
        "What |z| says", ("", "worst |z|", "m"), (("|a|", 1, Estimate(1.0, 0.5, 4, published=2.0)),), "n"
    )
    lines = to_markdown(table).splitlines()
    assert lines[2:5] == [
        r"|  | worst \|z\| | m |",
        "| :-- | --: | --: |",
        r"| \|a\| | 1 | 1.00 ± 0.50 (4)<br><small>published 2.00, -2.0 SE</small> |",
    ]


def test_what_markdown_would_read_as_markup_is_escaped_but_for_code() -> None:
    texts = ("T* at 2*3", "$1 to $2", "a<b> & &lt;", "__init__", "chunk_period", r"C:\x", "[1](2)", "`a_*|b`")
    row = to_markdown(Table("T*", ("",) * 8, (texts,), "5 < 6 *")).splitlines()
    assert row[0] == r"**T\***"
    assert row[4] == (
        r"| T\* at 2\*3 | \$1 to \$2 | a\<b> & \&lt; | \_\_init\_\_ | chunk_period | C:\\x | \[1](2) | `a_*\|b` |"
    )
    assert row[-1] == r"<small>5 < 6 \*</small>"
