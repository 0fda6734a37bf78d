"""Packed bytes, unpacked without trust: no more than is allowed comes out. Standard library only."""

import gzip
import io
import lzma
import zlib

from isotherm.errors import refusal

_MAX_DICTIONARY = 1 << 28
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
MAGIC = (_GZIP, _XZ)
"""First bytes of what is unpacked."""

_OTHER_PACKERS = {
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}


def unpacked(field: str, shown: str, data: bytes, most: int) -> bytes:
    """What gzip or xz packed, told by the first bytes; anything else as it is.

    Args:
        field: what refusals call the argument.
        shown: what refusals call the file.
        data: all of it.
        most: bytes that may come out.

    Raises:
        ValueError: if it is damaged, packed in another way, or holds more than ``most`` bytes.
    """
    try:
        if data.startswith(_GZIP):
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(most + 1)
        elif data.startswith(_XZ):
            data = _unpacked_xz(data, most)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise refusal(field, shown, f"is packed and damaged ({error})") from None
    for magic, packer in _OTHER_PACKERS.items():
        if data.startswith(magic):
            raise refusal(field, shown, f"is packed by {packer}; gzip and xz are read, unpack it first")
    if len(data) > most:
        raise refusal(field, shown, f"holds more than {most} bytes, the most that are read")
    return data


def _unpacked_xz(data: bytes, most: int) -> bytes:
    """Streams one after the other, as the tool joins them."""
    found, length = [], 0
    while data and length <= most:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_DICTIONARY)
        found.append(stream.decompress(data, most + 1 - length))
        length += len(found[-1])
        if not stream.eof and length <= most:
            raise EOFError("the file ends within the stream")
        data = stream.unused_data.lstrip(b"\0")
    return b"".join(found)
