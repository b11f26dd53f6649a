"""ONIX messages of others: taken over block by block, nothing guessed, nothing half done."""

from __future__ import annotations

from pathlib import Path

import pytest

from .importing import Importing, counts

SAMPLES = Path(__file__).parents[1] / "data/onix"


@pytest.mark.spec("C-04")
@pytest.mark.parametrize("name", ["Onix3.1-single-ref.xml", "Onix3.1-single-short.xml"])
async def test_a_real_record_with_reference_and_short_tags(importing: Importing, name: str) -> None:
    job = await importing.onix((SAMPLES / name).read_bytes())
    assert (job.state, counts(job), job.error) == ("SUCCEEDED", (1, 0, 0, 0), "")
    again = await importing.onix((SAMPLES / name).read_bytes())
    assert counts(again) == (0, 0, 1, 0)
