"""Publish and read the vendor's terms."""

from __future__ import annotations

import hashlib

from commis.orders.v1 import events_pb2
from sqlalchemy.exc import IntegrityError

from chassis import outbox
from chassis.db import Sessions, constraint_name
from chassis.errors import AlreadyExists, NotFound
from orders.attribution import attribution
from orders.infrastructure import Infrastructure
from orders.terms import store
from orders.terms.store import Terms


class TermsNotFound(NotFound):
    reason = "TERMS_NOT_FOUND"

    def __init__(self, version: str) -> None:
        what = f"There are no terms of version {version}." if version else "No terms have been published."
        super().__init__(what, terms_version=version)


class TermsVersionTaken(AlreadyExists):
    """Other texts were published under this version; accepted texts are never replaced."""

    reason = "TERMS_VERSION_TAKEN"

    def __init__(self, version: str) -> None:
        super().__init__(f"Terms of version {version} are published already.", terms_version=version)


async def publish_terms(infra: Infrastructure, version: str, texts: dict[str, str]) -> Terms:
    """In force at once. The same version with the same texts again answers it. Raises TermsVersionTaken."""
    now = infra.clock()
    hashes = {language: hashlib.sha256(text.encode()).hexdigest() for language, text in texts.items()}
    new = Terms(version, texts, hashes, now)
    try:
        async with infra.sessions.begin() as session:
            await store.insert(await session.connection(), new)
            outbox.add(
                session,
                events_pb2.TermsPublished(attribution=attribution(now), version=version),
                subject="commis.orders.v1.terms_published",
                aggregate_id=version,
            )
    except IntegrityError as error:
        if constraint_name(error) != "pk_terms":
            raise
        existing = await get_terms(infra.sessions, version)
        if existing.texts != texts:
            raise TermsVersionTaken(version) from None
        return existing
    return new


async def get_terms(sessions: Sessions, version: str) -> Terms:
    """The version in force when none is named. Raises TermsNotFound."""
    async with sessions() as session:
        found = await store.find(await session.connection(), version)
    if found is None:
        raise TermsNotFound(version)
    return found
