"""The source of a study of one's own: which files its numbers come from, each with its digest.

A study of the package says by its ``version`` when its numbers change. One of somebody's own is edited between two
runs, so its source belongs to what a run is named by. What counts: the module that defines the study, and every
module that it reaches by ``import`` statements, wherever they stand in the file, through others too, as long as it
lies in the same folder or below; of a study inside a package, what lies in that package. What is installed apart
from that, what is imported by a name made at run time, and data (see :meth:`~isotherm.study.base.Study.inputs`)
does not count.
"""

import ast
import contextlib
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from isotherm.errors import refusal
from isotherm.files.content import digest_file
from isotherm.settings.config import Config
from isotherm.study.base import Study

_PACKAGE = "isotherm"
_INSTALLED = frozenset(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib"))


def source_of(study: Study[Any]) -> dict[str, str]:
    """SHA-256 of each file that counts, by its path from the folder of the outermost module; none for ours.

    Raises:
        ValueError: if the module has no file, as one typed into a console.
    """
    module = type(study).__module__
    if module.partition(".")[0] == _PACKAGE:
        return {}
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or not Path(file).is_file():
        raise refusal("STUDY", module, "has no file, so that its source cannot name its runs; save it in one")
    path = Path(file).absolute()
    root = _root(module, path)
    found: dict[Path, None] = {}
    _follow(path, root, _only(module, root), found)
    return {each.relative_to(root).as_posix(): digest_file(each) for each in sorted(found)}


def source_of_modules(named: Mapping[str, str]) -> dict[str, str]:
    """The same of modules that settings name; they are found as Python would find them, and not imported.

    Args:
        named: modules, each with the field that names it.

    Raises:
        ValueError: naming field and module, if there is none of that name.
    """
    found: dict[str, str] = {}
    for name, field in named.items():
        if name.partition(".")[0] == _PACKAGE:
            continue
        path = _file_of(name)
        if path is None:
            raise refusal(field, name, "there is no module of that name here, or it has no file")
        root = _root(name, path)
        files: dict[Path, None] = {}
        _follow(path, root, _only(name, root), files)
        found |= {each.relative_to(root).as_posix(): digest_file(each) for each in sorted(files)}
    return found


def _file_of(name: str) -> Path | None:
    """The file that importing a module would run; the working folder is looked in too."""
    places: Sequence[str] | None = [*(place or "." for place in sys.path), str(Path.cwd())]
    parts, spec = name.split("."), None
    for depth in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), places)
        if spec is None:
            return None
        places = spec.submodule_search_locations
        if places is None and depth < len(parts):
            return None
    return Path(spec.origin).absolute() if spec and spec.origin and Path(spec.origin).is_file() else None


def changed_since(study: Study[Any], config: Config, source: dict[str, str]) -> list[str]:
    """Files of the study's source, or of what its settings name, that are not what they were, or came, or went."""
    now = source_of(study)
    for module, field in study.modules(config).items():
        with contextlib.suppress(ValueError):
            now |= source_of_modules({module: field})
    return sorted(name for name in now.keys() | source.keys() if now.get(name) != source.get(name))


def _root(module: str, path: Path) -> Path:
    """The folder that the outermost package of the module lies in, or the module itself."""
    depth = 0 if module == "__main__" else module.count(".") + (path.name == "__init__.py")
    return path.parents[depth]


def _only(module: str, root: Path) -> str | None:
    """The outermost name that may count: any, unless the study is in a package, or among all that is installed."""
    outermost, dot, _ = module.partition(".")
    return outermost if dot or root.resolve() in _INSTALLED else None


def _follow(path: Path, root: Path, only: str | None, found: dict[Path, None]) -> None:
    """Add a file, and those that it imports."""
    if path in found:
        return
    found[path] = None
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError:
        return  # found out when it is imported
    package = path.relative_to(root).parent.parts
    for name in _imported(tree, package):
        if only in (None, name[0]) and name[0] != _PACKAGE:
            for each in _files(root, name):
                _follow(each, root, only, found)


def _imported(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Absolute names of the modules that may be meant; ``from a import b`` may mean ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = (*start, *(node.module.split(".") if node.module else ()))
            for names in ([base], [(*base, alias.name) for alias in node.names]):
                yield from (name for name in names if name)


def _files(root: Path, name: tuple[str, ...]) -> Iterator[Path]:
    """The files that importing a module runs, as far as they lie below the root: packages on the way, and its own."""
    for length in range(1, len(name) + 1):
        place = root.joinpath(*name[:length])
        own = next(
            (each for each in (place / "__init__.py", place.with_suffix(".py")) if each.is_file()), None
        )
        if own is not None:
            yield own
        elif not place.is_dir():
            return
