"""Small whole files of every kind that is taken, and how to upload one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

from commis.orders.v1 import attachments_pb2 as pb
from commis.orders.v1 import attachments_pb2_grpc

from services.orders.tests.shop import Shop

PDF = (
    b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
    b"trailer\n<</Size 2/Root 1 0 R>>\nstartxref\n43\n%%EOF\n"
)


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*more: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(more)
        + _chunk(b"IDAT", zlib.compress(b"\0\0"))
        + _chunk(b"IEND")
    )


def comment(text: bytes) -> bytes:
    """A part of a PNG that no viewer shows."""
    return _chunk(b"tEXt", b"Comment\0" + text)


PNG = png()
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x54\xff\xd9"
)
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_VP8L = b"VP8L" + struct.pack("<I", 6) + b"\x2f\x00\x00\x00\x00\x00"
WEBP = b"RIFF" + struct.pack("<I", 4 + len(_VP8L)) + b"WEBP" + _VP8L
TIFF = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIII", 1, 256, 3, 1, 1, 0)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x0cmeta\0\0\0\0" + b"\0\0\0\x0bmdat\1\2\3"
TEXT = "Boormachine, 230 V — zie e-mail van <jan@linde.example>: 3 < 4.\r\n".encode()
ALL = {
    "application/pdf": PDF, "image/png": PNG, "image/jpeg": JPEG, "image/gif": GIF, "image/webp": WEBP,
    "image/tiff": TIFF, "image/heic": HEIC, "text/plain": TEXT,
}  # fmt: skip


def stub(shop: Shop) -> attachments_pb2_grpc.AttachmentServiceStub:
    return attachments_pb2_grpc.AttachmentServiceStub(shop.channel)


def messages(
    order_id: str, content: bytes, *, piece: int = 100_000, **fields: str
) -> Sequence[pb.AddAttachmentRequest]:
    first = pb.AddAttachmentRequest(order_id=order_id, **fields)
    parts = [content[start : start + piece] for start in range(0, len(content), piece)]
    return [first, *(pb.AddAttachmentRequest(content=part) for part in parts), pb.AddAttachmentRequest()]


async def add(
    shop: Shop, order_id: str, content: bytes = PNG, who: Any = None, **fields: str
) -> pb.Attachment:
    sent = iter(messages(order_id, content, **({"file_name": "plan.png"} | fields)))
    return (await stub(shop).AddAttachment(sent, metadata=who or shop.customer)).attachment


async def listed(shop: Shop, order_id: str, who: Any = None) -> list[pb.Attachment]:
    request = pb.ListAttachmentsRequest(order_id=order_id)
    return list((await stub(shop).ListAttachments(request, metadata=who or shop.customer)).attachments)


async def read(
    shop: Shop, order_id: str, attachment_id: str, who: Any = None
) -> list[pb.ReadAttachmentResponse]:
    request = pb.ReadAttachmentRequest(order_id=order_id, attachment_id=attachment_id)
    return [part async for part in stub(shop).ReadAttachment(request, metadata=who or shop.customer)]


async def remove(shop: Shop, order_id: str, attachment_id: str, who: Any = None, **fields: str) -> None:
    request = pb.RemoveAttachmentRequest(order_id=order_id, attachment_id=attachment_id, **fields)
    await stub(shop).RemoveAttachment(request, metadata=who or shop.customer)
