"""Import products, prices and stock, and show what the import said about them."""

from __future__ import annotations

import asyncio
import gzip
import time
from pathlib import Path

from local.demo.api import Api, Json
from local.demo.show import count, more, step

_DATA = Path(__file__).parents[1] / "data"
# The order matters: prices and stock name products.
_FILES = (
    ("PRODUCTS", "clothing/products.csv"),
    ("PRODUCTS", "books/products.csv"),
    ("PRICES", "clothing/prices.csv"),
    ("PRICES", "books/prices.csv"),
    ("STOCK", "clothing/stock.csv"),
)
_SHOWN = 3


async def import_all(staff: Api) -> None:
    """Import every file that was not imported yet; one that was interrupted is imported again."""
    done = {job["file_name"]: job async for job in staff.items("/v1/imports") if job["state"] == "SUCCEEDED"}
    for kind, name in _FILES:
        if _file_name(name) in done:
            step(name, "imported before")
            continue
        content = gzip.decompress((_DATA / f"{name}.gz").read_bytes())
        started = time.monotonic()
        job = await staff.upload("/v1/imports", content, kind=kind, file_name=_file_name(name))
        _show(name, await _finished(staff, job), time.monotonic() - started)
        await _show_verdicts(staff, job["id"])


def _file_name(name: str) -> str:
    """What the job is called, by which a later run recognises it."""
    return f"demo-{name.replace('/', '-')}"


async def _finished(staff: Api, job: Json) -> Json:
    while job["state"] in {"PENDING", "RUNNING"}:
        await asyncio.sleep(0.2)
        job = await staff.get(f"/v1/imports/{job['id']}")
    return job


def _show(name: str, job: Json, seconds: float) -> None:
    taken = ", ".join(
        f"{count(job[f'{outcome}_count'])} {outcome}"
        for outcome in ("accepted", "changed", "unchanged", "refused")
        if int(job[f"{outcome}_count"] or 0)
    )
    error = f": {job['error']}" if job["error"] else ""
    step(name, f"{job['state'].lower()} in {seconds:.1f} s: {taken or 'nothing'}{error}")


async def _show_verdicts(staff: Api, job_id: str) -> None:
    """A few records that were repaired and a few that were refused, with the reason."""
    path = f"/v1/imports/{job_id}/verdicts"
    for outcome, repaired in (("ACCEPTED", True), ("REFUSED", False)):
        page = await staff.get(path, outcome=outcome, page_size=100)
        found = [
            (verdict, finding)
            for verdict in page["items"]
            for finding in verdict["findings"][:1]
            if bool(finding["repaired"]) is repaired
        ]
        for verdict, finding in found[:_SHOWN]:
            word = "repaired" if repaired else "refused"
            where = f"line {verdict['record_number']} {verdict['record_ref']}"
            more(f"{word}: {where}: {finding['field']} {finding['value']!r}: {finding['rule']}")
