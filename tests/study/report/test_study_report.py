import re

from isotherm.study.report.html import inline, plain
from isotherm.study.run.session import Run
from isotherm.study.store.folder import REPORT


def test_the_report_can_be_read_alone(unbroken: Run) -> None:
    page = (unbroken.path / REPORT).read_text()
    assert not re.search(r"https?:|<script|<link|@import|url\(", page)
    assert page.count("data:image/png;base64,") == 1
    for part in (
        "Coins &amp; &lt;lamps&gt;",
        "How biased is a coin",
        "<strong>3 coins</strong> were tossed; <code>a &lt; b</code> &amp; so <em>on</em>.",
        "Every run's <em>mean</em>.",
        "published -0.500",
        "Mean of each coin, from -1 to 1.",
        unbroken.fingerprint,
        "isotherm run tests.support.toy_study:Coins",
        "preset published",
    ):
        assert part in page, part
    assert page.index("Conclusions") < page.index("Figures") < page.index("Tables") < page.index("Settings")
    assert 'class="differs"' not in page


def test_marks_become_html_and_nothing_else_does() -> None:
    assert inline("**a** *b* `c` <d> 2 * 3 * 4") == (
        "<strong>a</strong> <em>b</em> <code>c</code> &lt;d&gt; 2 * 3 * 4"
    )
    assert plain("**a** *b* `c` <d> 2 * 3 * 4") == "a b c <d> 2 * 3 * 4"
