"""Symbols in texts of reports and of the site: Greek letters for their names, indices and powers where they belong.

What stands between backticks is code, and stays as it is.
"""

import re
from collections.abc import Callable

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ",
}  # fmt: skip

_CODE = re.compile(r"(`[^`]+`|<code>.*?</code>)")
_NAME = re.compile(rf"(?<![\w./=-])({'|'.join(GREEK)})(?![\w(/-]|=\S)")
_INDEX = re.compile(r"(?<![\w<])([A-Za-zα-ω])_([a-z]|[A-Z]{2})(?!\w)")
_POWER = re.compile(r"(?<=[\w)])\^(-?\d+(?:\.\d+)?|[A-Za-z])(?!\w)")


def outside_code(change: Callable[[str], str], text: str) -> str:
    """The text with what is not code changed."""
    return "".join(part if at % 2 else change(part) for at, part in enumerate(_CODE.split(text)))


def greek(text: str) -> str:
    """Greek letters for their names where they stand as words of their own, outside of code.

    >>> greek("at beta = 0.4, alpha x gamma of `--beta`; logit_beta, beta-1, --beta=2")
    'at β = 0.4, α x γ of `--beta`; logit_beta, beta-1, --beta=2'
    """
    return outside_code(lambda part: _NAME.sub(lambda found: GREEK[found[1]], part), text)


def raised(markup: str) -> str:
    """Indices and powers of single letters as HTML, of a text that is escaped already.

    >>> raised("T_c, T_KT and (2N)^K; k_per_day, t^0.33 ± 0.01")
    'T<sub>c</sub>, T<sub>KT</sub> and (2N)<sup>K</sup>; k_per_day, t<sup>0.33</sup> ± 0.01'
    """
    return outside_code(
        lambda part: _POWER.sub(r"<sup>\1</sup>", _INDEX.sub(r"\1<sub>\2</sub>", part)), markup
    )
