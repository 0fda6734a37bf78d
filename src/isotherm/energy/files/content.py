"""What a file holds: unpacked where it is packed, decoded where a byte-order mark says how. Standard library only."""

import codecs
import os
from pathlib import PurePath
from typing import NamedTuple

from isotherm.errors import refusal
from isotherm.files.packed import unpacked
from isotherm.files.place import UnfitError, read_named, why_unread

FilePath = str | os.PathLike[str]

MAX_BYTES = 1 << 26
"""Most bytes of a file, unpacked: as words or numbers in Python they take up to thirty times as much memory."""

_MARKS = (  # the mark of UTF-16 begins that of UTF-32, which therefore comes first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Content(NamedTuple):
    """A file as bytes.

    Attributes:
        path: what refusals call it.
        suffix: of its name, in small letters, without ``.gz`` or ``.xz``.
        data: unpacked.
    """

    path: str
    suffix: str
    data: bytes

    def text(self) -> str:
        """Its text; lines end with a newline alone.

        Raises:
            ValueError: if it is no text in UTF-8, or in what its byte-order mark says.
        """
        encoding = next((name for mark, name in _MARKS if self.data.startswith(mark)), "utf-8")
        try:
            text = self.data.decode(encoding)
        except UnicodeDecodeError:
            raise refusal("file", self.path, f"is not text in {encoding.upper()}") from None
        if "\0" in text:
            mend = "is not text: it holds NUL; if it is UTF-16, save it with a byte-order mark, or as UTF-8"
            raise refusal("file", self.path, mend)
        return text.replace("\r\n", "\n").replace("\r", "\n")


def read_content(path: FilePath, most: int | None = None) -> Content:
    """Read a file, unpacking gzip and xz, which are told by their first bytes.

    Raises:
        ValueError: if the file is damaged, packed in another way, larger than ``most`` (by default
            :data:`MAX_BYTES`), or no plain file.
        OSError: if it cannot be read.
    """
    most = MAX_BYTES if most is None else most
    shown, suffixes = os.fspath(path), [suffix.lower() for suffix in PurePath(path).suffixes]
    while suffixes and suffixes[-1] in (".gz", ".xz"):
        suffixes.pop()
    try:
        data = read_named(path, most)
    except UnfitError as error:
        raise refusal("file", shown, why_unread(error)) from None
    except ValueError:  # a name with NUL
        raise refusal("file", shown, "is no name of a file") from None
    return Content(shown, suffixes[-1] if suffixes else "", unpacked("file", shown, data, most))
