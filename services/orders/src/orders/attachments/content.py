"""What a file is and whether it is whole, by its content alone: never by its name or what the client says.

The first bytes are recognised by puremagic, which also names what is refused. That says nothing about the rest, so the
structure of the file is walked, and what makes one file two (markup for browsers, archives behind a picture) is
refused. Nothing is decoded or executed. This is no virus scanner: a PDF may hold scripts of its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

import puremagic

from orders.attachments import structure
from orders.attachments.domain import AttachmentTypeNotAllowed
from orders.attachments.structure import Broken, Content

HEAD = 8192
TEXT = "text/plain"
_ALLOWED = "PDF, PNG, JPEG, WebP, GIF, TIFF, HEIC and plain text in UTF-8 are"
_ALIASES = {"image/heif": "image/heic", "image/jpg": "image/jpeg", "image/x-tiff": "image/tiff"}
_WALKS: dict[str, Callable[[Content], None]] = {
    "application/pdf": structure.pdf,
    "image/png": structure.png,
    "image/jpeg": structure.jpeg,
    "image/webp": structure.webp,
    "image/gif": structure.gif,
    "image/tiff": structure.tiff,
    "image/heic": structure.heic,
}
# Browsers look for markup, servers for scripts, wherever it begins; long enough not to appear by chance.
_MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>]|script[\s>/]|iframe[\s>]|\?php\s)", re.IGNORECASE
)
_ARCHIVES = re.compile(rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c")
# A ZIP is read from its end: the record there, of 22 bytes, and a comment of at most 65 535.
_ZIP_END, _ZIP_TAIL = b"PK\x05\x06", 22 + 65535
# In text a tag may begin anywhere, but for <somebody@example.com>.
_TAG = re.compile(r"<(?![\w.+-]+@[\w.-]+>)[A-Za-z!?/]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_SCRIPT = ("#!", "{\\rtf", "%!", "%PDF")
_BLOCK, _OVERLAP = 256 * 1024, 200


def recognise(head: bytes) -> str:
    """The media type by the first HEAD bytes. Raises AttachmentTypeNotAllowed."""
    found = _guesses(head)
    for each in found:
        if each in _WALKS:
            return each
    try:
        _text(head, whole=False)
    except Broken as error:
        kind = found[0] if found else "unknown"
        raise AttachmentTypeNotAllowed(kind, f"only {_ALLOWED}; {error}") from None
    return TEXT


def _guesses(head: bytes) -> list[str]:
    """The likeliest media types, as far as they are equally likely."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    best = [each for each in matches if each.confidence >= matches[0].confidence]
    types = [_ALIASES.get(each.mime_type, each.mime_type) for each in best]
    return [each or "unknown" for each in types]


def check(content: Content, media_type: str) -> None:
    """The whole file, which began as `media_type`. Raises AttachmentTypeNotAllowed."""
    try:
        if media_type == TEXT:
            _text(content, whole=True)
            return
        _WALKS[media_type](content)
        _one_file_only(content)
    except Broken as error:
        raise AttachmentTypeNotAllowed(media_type, str(error)) from None


def _one_file_only(content: Content) -> None:
    if _MARKUP.search(content):
        raise Broken("it contains markup")
    if _ARCHIVES.search(content) or content.find(_ZIP_END, max(0, len(content) - _ZIP_TAIL)) >= 0:
        raise Broken("it contains an archive")


def _text(content: Content, *, whole: bool) -> None:
    """A block at a time; what begins among the last characters of each is judged with the next."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    before = ""
    for start in range(0, len(content), _BLOCK):
        last = whole and start + _BLOCK >= len(content)
        try:
            now = decoder.decode(content[start : start + _BLOCK], final=last)
        except UnicodeDecodeError:
            raise Broken("it is no UTF-8") from None
        if start == 0 and now.lstrip().startswith(_SCRIPT):
            raise Broken("it is a script or a document of another kind")
        if _CONTROL.search(now):
            raise Broken("it contains control characters")
        text = before + now
        tag = _TAG.search(text)
        if tag and (last or tag.start() < len(text) - _OVERLAP):
            raise Broken("it contains markup")
        before = text[-_OVERLAP:]
