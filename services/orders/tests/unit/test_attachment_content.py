"""Files are what their content says; what is broken, or two files in one, is refused."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.attachments import content, structure
from orders.attachments.domain import AttachmentTypeNotAllowed
from services.orders.tests import files

pytestmark = pytest.mark.spec("N-14")


def taken(whole: bytes) -> str:
    """The media type, as an upload finds it."""
    media_type = content.recognise(whole[: content.HEAD])
    content.check(whole, media_type)
    return media_type


def archive(name: str = "a.txt", data: bytes = b"hello") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(name, data)
    return made.getvalue()


HTML = b"<!doctype html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize("kind", files.ALL)
def test_every_kind_that_is_allowed_is_taken_for_what_it_is(kind: str) -> None:
    assert taken(files.ALL[kind]) == kind


@pytest.mark.parametrize(
    "whole",
    [
        HTML,
        b"  \n" + HTML,
        SVG,
        b'<?xml version="1.0"?>' + SVG,
        b'<?xml version="1.0"?><order/>',
        b"#!/bin/sh\nrm -rf /\n",
        b"<?php system('id');",
        b"Hello <img src=x onerror=alert(1)>",
        b"Hello </script>",
        b"%!PS-Adobe-3.0\n",
        b"{\\rtf1 hello}",
        archive(),
        archive("bomb", bytes(20_000_000)),
        archive("word/document.xml"),
        archive("META-INF/MANIFEST.MF"),
        b"MZ" + bytes(300),
        b"\x7fELF" + bytes(300),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(100),
        b"caf\xe9",
        "UTF-16".encode("utf-16"),
        b"a\x00b",
        b"\x1b[31mred",
        b"BM" + bytes(100),
        b"\x1f\x8b\x08" + bytes(50),
    ],
    ids=range(25),
)
def test_everything_else_is_refused(whole: bytes) -> None:
    with pytest.raises(AttachmentTypeNotAllowed):
        taken(whole)


@pytest.mark.parametrize(
    "whole",
    [
        files.PDF.replace(b"endobj", b"endobj\n" + HTML),
        HTML + files.PDF,
        files.PDF + archive("META-INF/MANIFEST.MF"),
        files.GIF + archive("META-INF/MANIFEST.MF"),
        files.GIF[:-1] + b"!\xfe\x35" + HTML + b"\x00;",
        files.GIF + HTML,
        files.PNG + HTML,
        files.PNG + archive(),
        files.png(files.comment(b"<script>alert(1)</script>")),
        files.png(files.comment(b"<?php system($_GET[0]); ?>")),
        files.JPEG + archive(),
        files.JPEG + HTML,
        files.JPEG + b"Rar!\x1a\x07\x00",
        files.HEIC + archive(),
        files.WEBP + HTML,
        b"GIF89a=1;alert(1)//",
    ],
    ids=range(16),
)
def test_two_files_in_one_are_refused(whole: bytes) -> None:
    with pytest.raises(AttachmentTypeNotAllowed):
        taken(whole)


def test_what_cameras_put_behind_a_picture_is_left_alone() -> None:
    assert taken(files.JPEG + b"\0\0\0\x18ftypmp42" + bytes(500)) == "image/jpeg"


def test_an_address_in_angle_brackets_is_no_markup_wherever_a_block_ends() -> None:
    for at in range(content.HEAD - 30, content.HEAD + 5):
        assert taken(b"a" * at + files.TEXT) == "text/plain"


def test_a_file_may_begin_as_one_kind_only() -> None:
    with pytest.raises(AttachmentTypeNotAllowed) as refused:
        content.check(files.PNG, "image/gif")
    assert refused.value.metadata["found"] == "image/gif"


def test_markup_is_found_wherever_it_is_in_a_long_text() -> None:
    block = 256 * 1024
    assert taken(b"a" * (3 * block)) == "text/plain"
    for at in (block - 3, 2 * block - 1, 3 * block - 20):
        with pytest.raises(AttachmentTypeNotAllowed, match="markup"):
            taken(b"a" * at + b"<script>" + b"a" * 30)


@pytest.mark.parametrize(
    "kind", [kind for kind in files.ALL if kind not in ("text/plain", "application/pdf")]
)
def test_no_picture_may_be_cut_off_anywhere(kind: str) -> None:
    whole = files.ALL[kind]
    for length in range(8, len(whole)):
        with pytest.raises(AttachmentTypeNotAllowed):
            content.check(whole[:length], kind)


def test_a_damaged_part_of_a_png_is_seen() -> None:
    damaged = bytearray(files.PNG)
    damaged[20] ^= 1
    with pytest.raises(AttachmentTypeNotAllowed, match="damaged"):
        content.check(bytes(damaged), "image/png")


def test_directories_of_a_tiff_that_lead_in_circles_end() -> None:
    circle = files.TIFF[:-4] + b"\x08\x00\x00\x00"
    with pytest.raises(AttachmentTypeNotAllowed, match="nowhere"):
        content.check(circle, "image/tiff")


KINDS = st.sampled_from(sorted(files.ALL))


@given(KINDS, st.data())
def test_whatever_a_file_is_changed_into_the_check_answers(kind: str, data: st.DataObject) -> None:
    whole = bytearray(files.ALL[kind])
    for _ in range(data.draw(st.integers(0, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    whole += data.draw(st.binary(max_size=40))
    with contextlib.suppress(AttachmentTypeNotAllowed):
        content.check(bytes(whole), kind)


@given(st.binary(min_size=1, max_size=300))
def test_no_bytes_break_the_recognition(whole: bytes) -> None:
    try:
        media_type = taken(whole)
    except AttachmentTypeNotAllowed:
        return
    assert media_type == "text/plain"
    assert b"\0" not in whole
    whole.decode()


@given(KINDS, st.binary(max_size=60), st.binary(max_size=60))
def test_markup_never_passes(kind: str, before: bytes, after: bytes) -> None:
    if kind == "text/plain":
        before, after = before.hex().encode(), after.hex().encode()
    whole = files.ALL[kind] + before + b"<script>alert(1)</script>" + after
    with pytest.raises(AttachmentTypeNotAllowed):
        content.check(whole, kind)


def test_every_walk_is_of_a_kind_with_an_example() -> None:
    assert set(content._WALKS) | {content.TEXT} == set(files.ALL)
    assert issubclass(structure.Broken, Exception)


def overlapping_directories(count: int) -> bytes:
    """A TIFF whose directories of 32 767 entries begin 12 bytes apart, where none looks at the others' numbers."""
    entries = 0x7FFF
    made = bytearray(b"II*\x00" + (8).to_bytes(4, "little") + bytes(12 * (count + entries + 1)))
    for at in range(8, 8 + 12 * count, 12):
        made[at : at + 2] = entries.to_bytes(2, "little")
        end = at + 2 + 12 * entries
        made[end : end + 4] = (at + 12 if at < 8 + 12 * (count - 1) else 0).to_bytes(4, "little")
    return bytes(made)


SIZE = 2 * 1024**2
ENDLESS = {
    "image/tiff": overlapping_directories(30),
    "image/jpeg": b"\xff\xd8" + b"\xff" * SIZE,
    "image/gif": b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\x01a" * (SIZE // 2) + b"\x00\x3b",
    "image/webp": b"RIFF" + (SIZE + 4).to_bytes(4, "little") + b"WEBP" + b"VP8X\0\0\0\0" * (SIZE // 8),
    "image/heic": b"\0\0\0\x10ftypheic\0\0\0\0" + b"\0\0\0\x08free" * (SIZE // 8),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_file_of_countless_parts_is_not_walked_to_its_end(kind: str) -> None:
    with pytest.raises(AttachmentTypeNotAllowed, match="too many parts"):
        content.check(ENDLESS[kind], kind)
