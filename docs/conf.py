"""The site: MyST pages, furo, an API reference by static analysis, math as MathML. It loads nothing remote."""

import sys
import tomllib
from pathlib import Path

from sphinx.ext.napoleon import GoogleDocstring

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(Path(__file__).parent / "_ext"), str(ROOT)]

project = "Isotherm"
release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
html_title = f"Isotherm {release}"

extensions = [
    "autoapi.extension",
    "mathml",
    "myst_parser",
    "notebook",
    "rooms",
    "sidebar",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "generated"]
html_theme = "furo"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
pygments_style = "friendly"

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
numfig = False
toc_object_entries = False  # pages list what they hold; each page would copy the entries of all

autoapi_dirs = [str(ROOT / "src" / "isotherm")]
autoapi_root = "autoapi"
autoapi_add_toctree_entry = False
SOURCE = ROOT / "src" / "isotherm"
PAGES_OF_STUDIES = ("studies/routing/comparison.py",)
"""What pages point to of the subjects' rooms; the rest are their own and would double the build."""

autoapi_ignore = [
    "*/__main__.py",
    "*/cli/*",
    "*/pictures/*",
    "*/settings/layers.py",
    "*/study/report/*",
    "*/study/run/executor.py",
    "*/study/run/interrupts.py",
    "*/study/run/progress.py",
    "*/study/store/*",
    "*/infer/search/*",
    "*/infer/clock.py",
    "*/infer/marginals.py",
    "*/infer/sampled.py",
] + [
    f"*/{path.relative_to(SOURCE).as_posix()}"
    for room, wanted in {
        "studies": PAGES_OF_STUDIES,
        "energy/files": ("exchange.py", "networks.py", "uai.py", "uai_graph.py", "bqm.py"),
    }.items()
    for path in sorted((SOURCE / room).rglob("*.py"))
    if path.name != "__init__.py" and not path.as_posix().endswith(wanted)
]
autoapi_options = ["members", "show-inheritance", "show-module-summary"]
autoapi_member_order = "bysource"
autoapi_python_class_content = "class"
autoapi_keep_files = False
suppress_warnings = [
    "autoapi.python_import_resolution",  # constants assigned in one tuple
    "ref.python",  # shapes such as "*batch" in annotations are no names
]
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def _whole(docstring: GoogleDocstring) -> list[str]:
    """The docstring of a constant or field as it stands; napoleon takes what is before a colon for a type."""
    return docstring._dedent(docstring._consume_to_end())


GoogleDocstring._parse_attribute_docstring = _whole
