"""The data protection of customers over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.customers.v1 import accounts_pb2, privacy_pb2, privacy_pb2_grpc
from grpc.aio import Channel

from chassis import client
from chassis.consumer import Permanent
from chassis.errors import Kind, RemoteError
from chassis.tokens import ServiceTokens

SERVICE = "library"
Item = accounts_pb2.ErasureReceipt.Item


class ExportGone(Exception):
    """The export was erased meanwhile: there is nobody to hand anything in for."""


class DataProtectionClient:
    def __init__(self, channel: Channel, tokens: ServiceTokens) -> None:
        self._stub = privacy_pb2_grpc.DataProtectionServiceStub(channel)
        self._tokens = tokens

    async def add_part(self, export_id: UUID, content: bytes, part: int, *, last: bool) -> None:
        """Raises ExportGone, ServiceError."""
        request = privacy_pb2.AddExportPartRequest(
            data_export_id=str(export_id), service=SERVICE, content=content, part=part, last=last
        )
        try:
            await client.call(self._stub.AddExportPart, request, service=self._tokens, forward=False)
        except RemoteError as error:
            if error.kind is Kind.NOT_FOUND:
                raise ExportGone from error
            raise

    async def subjects(self, erasure_id: UUID) -> tuple[list[str], list[str]]:
        """E-mail addresses and needles. Raises Permanent for an erasure that never was, ServiceError."""
        request = privacy_pb2.GetErasureSubjectsRequest(erasure_id=str(erasure_id))
        try:
            answer = await client.call(
                self._stub.GetErasureSubjects, request, service=self._tokens, forward=False
            )
        except RemoteError as error:
            if error.kind is Kind.NOT_FOUND:
                raise Permanent(f"no erasure {erasure_id}") from error
            raise
        return list(answer.emails), list(answer.needles)

    async def report(self, erasure_id: UUID, erased: Sequence[Item], kept: Sequence[Item]) -> None:
        """Raises ServiceError."""
        request = privacy_pb2.ReportErasureRequest(
            erasure_id=str(erasure_id), service=SERVICE, erased=erased, kept=kept
        )
        await client.call(self._stub.ReportErasure, request, service=self._tokens, forward=False)
