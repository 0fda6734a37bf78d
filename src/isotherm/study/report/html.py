"""``report.html``: one file that a person can read alone, with its figures inside and nothing to load."""

import base64
import io
import os
import platform
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from isotherm.errors import printable
from isotherm.files.place import is_plain_name
from isotherm.plot.figure import Animation, Figure
from isotherm.settings.config import Config
from isotherm.settings.fields import as_text, describe
from isotherm.study.base import Study
from isotherm.study.presets import build_config
from isotherm.study.registry import public_name
from isotherm.study.report.duration import duration
from isotherm.study.report.said import banner, sentences
from isotherm.study.report.style import CSS
from isotherm.study.store.folder import FIGURES, RunFolder
from isotherm.study.symbols import greek, raised
from isotherm.study.tables import to_html

_PACKAGES = ("isotherm", "numpy", "jax", "jaxlib", "matplotlib", "pydantic")
_DOTS_PER_INCH = 160
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do for the page: show what is in it. A second wall, behind the escaping of every text."""


@dataclass
class Report:
    """What a run says of itself: figures first drawn to files, then put on a page with everything else."""

    study: Study[Any]
    config: Config
    fingerprint: str
    metrics: Mapping[str, Any]
    pictures: list[tuple[str, str, bytes, str]] = field(default_factory=list)

    def headline(self) -> str:
        """The first conclusion as plain text."""
        return plain(next(iter(sentences(self.study, self.config, self.metrics)), ""))

    def draw(self, folder: RunFolder, arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
        """Draw each figure to ``figures/NAME.png`` and ``.pdf``, each animation to ``.gif``; returns the digests."""
        os.environ.setdefault("MPLBACKEND", "Agg")
        sums = {}
        for drawn in self.study.figures(self.config, self.metrics, arrays):
            files = _files(drawn)
            shown = next(iter(files))
            if not is_plain_name(f"{drawn.name}.{shown}"):
                raise ValueError(f"figure = {drawn.name!r}: should be a name fit for a file")
            self.pictures.append((drawn.name, drawn.caption, files[shown], shown))
            for ending, content in files.items():
                file = f"{FIGURES}/{drawn.name}.{ending}"
                sums[file] = folder.write(file, content)
        return sums

    def html(self, facts: Mapping[str, Any]) -> str:
        """The page. ``facts`` is what ``run.json`` says."""
        title = _text(self.study.title)
        tables = self.study.tables(self.config, self.metrics)
        parts = [
            f'<header><p class="kicker">Isotherm · {_text(self.study.name)}</p><h1>{title}</h1>',
            f'<p class="summary">{inline(self.study.summary)}</p>{_byline(facts)}</header>',
            _banner(banner(self.study, self.config, tables)),
            _section("Conclusions", _conclusions(self.study.conclusions(self.config, self.metrics))),
            _section("Figures", "\n".join(_picture(*picture) for picture in self.pictures)),
            _section("Tables", "\n".join(map(to_html, tables))),
            _section("Settings", _settings(self.study, self.config)),
            _section("Reproduce", _reproduce(self.study, self.config, self.fingerprint, facts)),
        ]
        body = "\n".join(part for part in parts if part)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title>\n<style>{CSS}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
        )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers may depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def command_of(study: str, settings: Mapping[str, Any], default: Config) -> list[str]:
    """The shortest command line that gives these settings."""
    words = ["isotherm", "run", study]
    usual = _flat(default.settings())
    for name, value in _flat(settings).items():
        if value != usual[name]:
            words.append(f"--{name.replace('_', '-')}={as_text(value)}")
    return words


def inline(text: str) -> str:
    """``**bold**``, ``*emphasis*``, backticks and symbols as HTML; all else escaped."""
    text = raised(escape(printable(greek(text)), quote=False))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", text)


def _text(text: str) -> str:
    """A text within HTML, in an attribute too."""
    return escape(printable(text))


def plain(text: str) -> str:
    """The text without its marks for bold, emphasis and code."""
    text = re.sub(r"`([^`]+)`", r"\1", text)
    return re.sub(r"(\*\*|\*)(?=\S)([^*]+)\1", r"\2", text)


def _files(drawn: Figure | Animation) -> dict[str, bytes]:
    """The files of a picture by their endings, that for the page first; a figure is closed after."""
    if isinstance(drawn, Animation):
        return {"gif": drawn.gif}
    png = _rendered(drawn.figure, "png", {"Software": None})
    pdf = _rendered(drawn.figure, "pdf", {"CreationDate": None})
    _close(drawn.figure)
    return {"png": png, "pdf": pdf}


def _rendered(figure: Any, kind: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=_DOTS_PER_INCH, bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()


def _close(figure: Any) -> None:
    """Let pyplot forget the figure, if pyplot made it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>\n{body}</section>" if body else ""


def _byline(facts: Mapping[str, Any]) -> str:
    words = [facts["finished"][:10], f"computed in {duration(facts['seconds'])}"]
    if facts["preset"]:
        words.append(f"preset {facts['preset']}")
    return f'<p class="byline">{_text(" · ".join(words))}</p>'


def _banner(warning: str) -> str:
    return f'<p class="banner" role="note">{inline(warning)}</p>' if warning else ""


def _conclusions(sentences: list[str]) -> str:
    items = "".join(f"<li>{inline(sentence)}</li>" for sentence in sentences)
    return f'<ul class="conclusions">{items}</ul>' if items else ""


def _picture(name: str, caption: str, picture: bytes, kind: str) -> str:
    data = base64.b64encode(picture).decode()
    return (
        f'<figure id="{_text(name)}"><img alt="{_text(plain(caption))}" src="data:image/{kind};base64,{data}">'
        f"<figcaption>{inline(caption)}</figcaption></figure>"
    )


def _settings(study: Study[Any], config: Config) -> str:
    """Each field, its value and meaning; marked where it differs from the published preset."""
    own, published = _flat(config.settings()), _flat(build_config(study, "published").settings())
    rows = []
    for doc in describe(type(config)):
        value, usual = as_text(own[doc.name]), as_text(published[doc.name])
        mark = "" if value == usual else f'<br><small class="changed">published: {_text(usual)}</small>'
        meaning = inline(doc.doc) + (f" <small>({_text(doc.allowed)})</small>" if doc.allowed else "")
        kind = ' class="differs"' if mark else ""
        rows.append(
            f'<tr{kind}><th scope="row"><code>{_text(doc.name)}</code></th><td>{_text(value)}{mark}</td>'
            f"<td>{meaning}</td></tr>"
        )
    head = '<tr><th scope="col">setting</th><th scope="col">value</th><th scope="col">meaning</th></tr>'
    return (
        f'<div class="scroll"><table class="settings"><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _reproduce(study: Study[Any], config: Config, fingerprint: str, facts: Mapping[str, Any]) -> str:
    usual = build_config(study, study.preset_of(config.settings()))
    command = shlex.join(command_of(public_name(study), config.settings(), usual))
    rows = [("fingerprint", fingerprint), ("study version", str(study.version))]
    rows += [("begun", facts["created"]), ("finished", facts["finished"])]
    rows += [(key, value) for key, value in facts["versions"].items()]
    listed = "".join(f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>" for key, value in rows)
    return (
        f"<p>The same numbers, bit for bit on the same versions and kind of processor:</p>"
        f"<pre><code>{_text(command)}</code></pre>\n<dl>{listed}</dl>"
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted names."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
