"""Products as messages. That of one version is always the same, so it is read and made once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

from commis.catalog.v1 import products_pb2 as pb

from catalog.direct import Connection
from catalog.products.queries import find_products
from catalog.products.wire import product_to_proto

# Of all messages as they are sent; in memory they take two to three times as much.
MOST_BYTES = 32 * 2**20


class KnownProducts:
    """One per process; forgets what was not asked for longest."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._known: OrderedDict[UUID, tuple[int, pb.Product]] = OrderedDict()

    async def of(self, connection: Connection, versions: Mapping[UUID, int]) -> dict[UUID, pb.Product]:
        """The products at these versions, or newer ones. Shared: not to be changed."""
        found = {
            identity: self._known[identity][1]
            for identity in versions
            if self._has(identity, versions[identity])
        }
        missing = [identity for identity in versions if identity not in found]
        if missing:
            for view in (await find_products(connection, missing)).values():
                found[view.id] = product_to_proto(view)
                self._keep(view.id, view.version, found[view.id])
        return found

    def _keep(self, identity: UUID, version: int, product: pb.Product) -> None:
        before = self._known.pop(identity, None)
        if before is not None:
            self._bytes -= before[1].ByteSize()
        self._known[identity] = version, product
        self._bytes += product.ByteSize()
        while self._bytes > self._most_bytes:
            _, (_, forgotten) = self._known.popitem(last=False)
            self._bytes -= forgotten.ByteSize()

    def _has(self, identity: UUID, version: int) -> bool:
        known = self._known.get(identity)
        if known is None or known[0] < version:
            return False
        self._known.move_to_end(identity)
        return True
