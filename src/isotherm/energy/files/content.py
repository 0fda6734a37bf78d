"""What a file holds: unpacked where it is packed, decoded where a byte-order mark says how. Standard library only."""

import codecs
import gzip
import io
import lzma
import os
import zlib
from pathlib import PurePath
from typing import NamedTuple

from isotherm.errors import refusal

FilePath = str | os.PathLike[str]

MAX_BYTES = 1 << 29
"""Most bytes of a file, unpacked: half a gigabyte, so that a small packed file cannot fill the memory."""

_MAX_DICTIONARY = 1 << 28
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
_OTHER_PACKERS = {
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
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


def read_content(path: FilePath) -> Content:
    """Read a file, unpacking gzip and xz, which are told by their first bytes.

    Raises:
        ValueError: if the file is damaged, packed in another way, or larger than :data:`MAX_BYTES`.
        OSError: if it cannot be read.
    """
    shown, suffixes = os.fspath(path), [suffix.lower() for suffix in PurePath(path).suffixes]
    while suffixes and suffixes[-1] in (".gz", ".xz"):
        suffixes.pop()
    with open(path, "rb") as file:
        data = _bounded(shown, file.read(MAX_BYTES + 1))
    try:
        if data.startswith(_GZIP):
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1)
        elif data.startswith(_XZ):
            data = _unpacked_xz(data)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise refusal("file", shown, f"is packed and damaged ({error})") from None
    for magic, packer in _OTHER_PACKERS.items():
        if data.startswith(magic):
            raise refusal("file", shown, f"is packed by {packer}; gzip and xz are read, unpack it first")
    return Content(shown, suffixes[-1] if suffixes else "", _bounded(shown, data))


def _unpacked_xz(data: bytes) -> bytes:
    """Streams one after the other, as the tool joins them."""
    found, length = [], 0
    while data and length <= MAX_BYTES:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_DICTIONARY)
        found.append(stream.decompress(data, MAX_BYTES + 1 - length))
        length += len(found[-1])
        if not stream.eof and length <= MAX_BYTES:
            raise EOFError("the file ends within the stream")
        data = stream.unused_data.lstrip(b"\0")
    return b"".join(found)


def _bounded(path: str, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise refusal("file", path, f"holds more than {MAX_BYTES} bytes, the most that are read")
    return data
