"""Walks the outer structure of each kind of file from its first byte to its last, without decoding anything.

Sources: ISO 32000-1 section 7.5, PNG third edition section 5, ITU-T T.81 annex B, RFC 9649, GIF89a, TIFF 6.0 section 2,
ISO/IEC 14496-12 section 4 and 23008-12. Every walk ends after MAX_PARTS: a file of 10 MiB can consist of millions,
and directories of a TIFF may overlap.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator

Content = bytes | mmap.mmap
# A GIF of 10 MiB has 42 000 in blocks of 255 bytes, as all programs write them.
MAX_PARTS = 200_000
_PNG = b"\x89PNG\r\n\x1a\n"
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Broken(Exception):
    """The file is not what it begins as."""


def _number(content: Content, at: int, form: str) -> int:
    size = struct.calcsize(form)
    if at < 0 or at + size > len(content):
        raise Broken("it is cut off")
    return int(struct.unpack_from(form, content, at)[0])


def _counted() -> Iterator[int]:
    """One for each part. Raises Broken beyond MAX_PARTS."""
    yield from range(MAX_PARTS)
    raise Broken("it has too many parts")


def pdf(content: Content) -> None:
    if content[:5] != b"%PDF-" or not content[5:6].isdigit():
        raise Broken("it does not begin as a PDF")
    if content.find(b"%%EOF", max(0, len(content) - 1024)) < 0:
        raise Broken("it has no end")
    if content.rfind(b"startxref") < 0:
        raise Broken("it has no table of contents")


def png(content: Content) -> None:
    if content[:8] != _PNG:
        raise Broken("it does not begin as a PNG")
    at, kind, parts = 8, b"", _counted()
    while kind != b"IEND":
        next(parts)
        size = _number(content, at, ">I")
        kind = content[at + 4 : at + 8]
        if at == 8 and (kind != b"IHDR" or size != 13):
            raise Broken("it has no header")
        checksum = _number(content, at + 8 + size, ">I")
        if zlib.crc32(content[at + 4 : at + 8 + size]) != checksum:
            raise Broken("a part is damaged")
        at += 12 + size
    if at != len(content):
        raise Broken("something follows its end")


def jpeg(content: Content) -> None:
    """What follows the picture is left alone: cameras put previews and moving pictures there."""
    if content[:2] != b"\xff\xd8":
        raise Broken("it does not begin as a JPEG")
    at, framed = 2, False
    for _ in _counted():
        if _number(content, at, ">B") != 0xFF:
            raise Broken("a part does not begin as one")
        marker = _number(content, at + 1, ">B")
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _JPEG_ALONE:
            at += 2
            continue
        if marker == 0xDA:
            break
        size = _number(content, at + 2, ">H")
        if marker in (0x00, 0xD8, 0xD9) or size < 2:
            raise Broken("a part is damaged")
        framed = framed or marker in _JPEG_FRAMES
        at += 2 + size
    if not framed or content.find(b"\xff\xd9", at) < 0:
        raise Broken("it holds no whole picture")


def webp(content: Content) -> None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise Broken("it does not begin as a WebP")
    end = 8 + _number(content, 4, "<I")
    if end != len(content):
        raise Broken("its length is not what it says")
    at, first = 12, content[12:16]
    if first not in (b"VP8 ", b"VP8L", b"VP8X"):
        raise Broken("it holds no picture")
    parts = _counted()
    while at < end:
        next(parts)
        size = _number(content, at + 4, "<I")
        at += 8 + size + size % 2
    if at != end:
        raise Broken("it is cut off")


def gif(content: Content) -> None:
    if content[:6] not in (b"GIF87a", b"GIF89a"):
        raise Broken("it does not begin as a GIF")
    at, parts = 13 + _colours(_number(content, 10, ">B")), _counted()
    while (kind := _number(content, at, ">B")) != 0x3B:
        if kind == 0x2C:
            at = _blocks(content, at + 11 + _colours(_number(content, at + 9, ">B")), parts)
        elif kind == 0x21:
            at = _blocks(content, at + 2, parts)
        else:
            raise Broken("a part does not begin as one")
    if content[at + 1 :].strip(b"\x00"):
        raise Broken("something follows its end")


def _colours(packed: int) -> int:
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _blocks(content: Content, at: int, parts: Iterator[int]) -> int:
    """Behind the empty block that ends a row of blocks."""
    next(parts)
    while size := _number(content, at, ">B"):
        at += 1 + size
        next(parts)
    return at + 1


def tiff(content: Content) -> None:
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(content[:4])
    if order is None:
        raise Broken("it does not begin as a TIFF")
    at, seen, parts = _number(content, 4, f"{order}I"), set[int](), _counted()
    while at:
        if at < 8 or at in seen:
            raise Broken("its directories lead nowhere")
        seen.add(at)
        count = _number(content, at, f"{order}H")
        if not count or at + 6 + 12 * count > len(content):
            raise Broken("a directory is damaged")
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            next(parts)
            _tiff_entry(content, entry, order)
        at = _number(content, at + 2 + 12 * count, f"{order}I")
    if not seen:
        raise Broken("it holds no picture")


def _tiff_entry(content: Content, at: int, order: str) -> None:
    size = _SIZES.get(_number(content, at + 2, f"{order}H"), 1) * _number(content, at + 4, f"{order}I")
    if size > 4 and _number(content, at + 8, f"{order}I") + size > len(content):
        raise Broken("a directory is damaged")


def heic(content: Content) -> None:
    size = _number(content, 0, ">I")
    if content[4:8] != b"ftyp" or not 16 <= size <= 1024:
        raise Broken("it does not begin as a HEIC")
    brands = {content[at : at + 4] for at in (8, *range(16, size, 4))}
    if brands.isdisjoint(_BRANDS):
        raise Broken("it is of another brand")
    at, kinds, parts = 0, set[bytes](), _counted()
    while at < len(content):
        next(parts)
        size = _number(content, at, ">I")
        kinds.add(content[at + 4 : at + 8])
        if size == 1:
            size = _number(content, at + 8, ">Q")
        elif size == 0:
            size = len(content) - at
        if size < 8:
            raise Broken("a box is damaged")
        at += size
    if at != len(content) or not kinds >= {b"meta", b"mdat"}:
        raise Broken("it is cut off")
