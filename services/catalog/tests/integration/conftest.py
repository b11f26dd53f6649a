"""What runs import jobs of a test."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.imports.runner import ImportRunner
from catalog.pricing.quote import Quoter
from chassis.db import Sessions

from .. import factories as a
from .importing import Importing


@pytest.fixture
def importing(engine: AsyncEngine, sessions: Sessions) -> Importing:
    return Importing(sessions, ImportRunner(engine, sessions, Quoter(a.BRUSSELS, "BE"), "en"))
