"""Greek letters, indices and powers in texts of reports, and what is left alone."""

import pytest

from isotherm.study.symbols import GREEK, greek, raised
from isotherm.study.tables import Table, to_html, to_markdown


@pytest.mark.parametrize("name", GREEK)
def test_a_name_that_is_a_word_becomes_its_letter(name: str):
    letter = GREEK[name]
    assert greek(f"at {name} = 2, ({name}) and {name}.") == f"at {letter} = 2, ({letter}) and {letter}."
    for kept in (
        f"--{name}=2",
        f"logit_{name}",
        f"{name}_lamb",
        f"{name}-1",
        f"`{name}`",
        f"x.{name}",
        f"{name}s",
    ):
        assert greek(kept) == kept


def test_only_indices_and_powers_of_one_symbol_are_raised_or_lowered():
    assert raised("T_c at L^z, s_i s_j, β_c") == (
        "T<sub>c</sub> at L<sup>z</sup>, s<sub>i</sub> s<sub>j</sub>, β<sub>c</sub>"
    )
    assert raised("t^0.5. (2N)^K, 2^-3") == "t<sup>0.5</sup>. (2N)<sup>K</sup>, 2<sup>-3</sup>"
    for kept in (
        "k_per_day",
        "log_z",
        "logit_lamb[1]",
        "`T_c`",
        "<code>T_c</code>",
        "x^{2}",
        "a_b_c",
        "T_abc",
    ):
        assert raised(kept) == kept


def test_tables_are_typeset_for_reports_and_for_the_site():
    table = Table("Mixing at beta = 1", ("alpha", "T_c"), (("`beta`", "<beta>"),), "U at T_c")
    html, markdown = to_html(table), to_markdown(table)
    assert "Mixing at β = 1" in html
    assert '<th scope="col">α</th><th scope="col">T<sub>c</sub></th>' in html
    assert "<td>&lt;β&gt;</td>" in html
    assert "U at T<sub>c</sub></p>" in html
    assert markdown.splitlines() == [
        "**Mixing at β = 1**",
        "",
        "| α | T<sub>c</sub> |",
        "| :-- | --: |",
        "| `beta` | <β> |",
        "",
        "<small>U at T<sub>c</sub></small>",
    ]
