"""XMLBIF, the XML form of the Bayesian network interchange format, versions 0.2 and 0.3. NumPy only.

Element types may be declared in the file, as its specification does; entities may not, so that nothing expands and
nothing outside the file is read.

References:
    Cozman, The Interchange Format for Bayesian Networks (1998): its section on XML.
"""

from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np

from isotherm.energy.files.bayes import ConditionalLaw, checked_variable, network_file
from isotherm.energy.files.content import Content
from isotherm.energy.files.model import ModelFile, Space
from isotherm.energy.files.numbers import decimal
from isotherm.errors import refusal


def from_xmlbif(content: Content) -> ModelFile:
    """Read a network; in a table the variable runs fastest, then the last parent.

    Raises:
        ValueError: naming the element or variable at fault.
    """
    path, root = content.path, _tree(content)
    if root.tag.upper() != "BIF":
        raise refusal(f"{path}, root", root.tag, "should be BIF")
    networks = _children(root, "NETWORK")
    if len(networks) != 1:
        raise refusal(f"{path}, networks", len(networks), "should be one")
    names: list[str] = []
    values: list[list[str]] = []
    numbers: dict[str, int] = {}
    for element in _children(networks[0], "VARIABLE"):
        kind = element.get("TYPE", "nature").lower()
        if kind not in ("nature", "discrete"):
            raise refusal(
                f"{path}, type of a variable", kind, "should be nature; decisions and utilities are not read"
            )
        name = _text(path, element, "NAME")
        held = [_stripped(child) for child in _children(element, "OUTCOME", "VALUE")]
        checked_variable(path, name, held, numbers)
        numbers[name] = len(names)
        names.append(name)
        values.append(held)
    space = Space()
    laws = [
        _law(path, element, numbers, values, space)
        for element in _children(networks[0], "DEFINITION", "PROBABILITY")
    ]
    return network_file(path, "xmlbif", "XMLBIF, a Bayesian network", names, values, laws)


def _law(
    path: str, element: Element, numbers: dict[str, int], values: list[list[str]], space: Space
) -> ConditionalLaw:
    name = _text(path, element, "FOR")
    where = f"{path}, definition of {name}"
    given = [_stripped(child) for child in _children(element, "GIVEN")]
    for variable in (name, *given):
        if variable not in numbers:
            raise refusal(where, variable, f"unknown; there are {len(numbers)} variables")
    if len({name, *given}) <= len(given):
        raise refusal(where, given, "should name different variables")
    parents = tuple(numbers[parent] for parent in given)
    sizes = [len(values[v]) for v in (*parents, numbers[name])]
    entries = space.take(where, sizes)
    words = _text(path, element, "TABLE").replace(",", " ").split()
    if len(words) != entries:
        raise refusal(f"{where}, number of probabilities", len(words), f"should be {entries}")
    table = np.array([decimal(where, word, 0.0) for word in words]).reshape(sizes)
    return ConditionalLaw(where, numbers[name], parents, table)


def _tree(content: Content) -> Element:
    builder, parser = TreeBuilder(), expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: Any) -> NoReturn:
        raise refusal(f"{content.path}, line {parser.CurrentLineNumber}", "<!ENTITY", "entities are not read")

    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SkippedEntityHandler = refuse
    try:
        parser.Parse(content.data, True)
    except expat.ExpatError as error:
        raise refusal(
            f"{content.path}, line {error.lineno}", expat.ErrorString(error.code), "should be XML"
        ) from None
    except LookupError as error:
        raise refusal(f"{content.path}, encoding", str(error), "should be one that is known") from None
    return builder.close()


def _children(element: Element, *tags: str) -> list[Element]:
    return [child for child in element if child.tag.upper() in tags]


def _text(path: str, element: Element, tag: str) -> str:
    found = _children(element, tag)
    if len(found) != 1:
        raise refusal(f"{path}, {tag} in {element.tag}", len(found), "should be one")
    return _stripped(found[0])


def _stripped(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
