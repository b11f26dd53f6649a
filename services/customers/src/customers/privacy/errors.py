"""Errors of data protection."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound


class DataExportNotFound(NotFound):
    """Also the answer about somebody else's, and about one that was erased with its account."""

    reason = "DATA_EXPORT_NOT_FOUND"

    def __init__(self, export_id: object) -> None:
        super().__init__(f"There is no data export {export_id}.", data_export_id=export_id)


class DataExportState(FailedPrecondition):
    reason = "DATA_EXPORT_STATE"

    def __init__(self, export_id: object, state: str) -> None:
        super().__init__(
            f"Data export {export_id} is {state}; only one that is READY can be downloaded.",
            data_export_id=export_id,
            state=state,
        )


class ErasureNotFound(NotFound):
    reason = "ERASURE_NOT_FOUND"

    def __init__(self, erasure_id: object) -> None:
        super().__init__(f"There is no erasure {erasure_id}.", erasure_id=erasure_id)
