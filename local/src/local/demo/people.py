"""Customers, representatives and staff, and the passwords of those who sign in for the demonstration."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Iterable
from typing import Any

from local.demo.api import Api, Json, Mails, Refused, one_time_token
from local.demo.show import step
from local.demo.vendor import read

_AT_ONCE = 8
_CUSTOMERS_WITH_PASSWORD = 3
_NAMESPACE = uuid.UUID("5b0e7c0e-7a53-5f0c-9a41-0d5f6a1f4c11")


async def create_all(admin: Api) -> None:
    """Create whoever is missing, recognised by e-mail, and assign the accounts to their reps."""
    wanted = read("customers.json")
    reps = await _ensure(admin, "/v1/representatives", wanted["representatives"])
    staff = await _ensure(admin, "/v1/staff", wanted["staff"])
    accounts = await _ensure(admin, "/v1/accounts", [entry["account"] for entry in wanted["accounts"]])
    assigned = 0
    for rep in reps.values():
        own = [
            accounts[entry["account"]["email"]]["id"]
            for entry in wanted["accounts"]
            if rep["rep_code"] in entry["representatives"]
        ]
        assigned += len(own)
        if rep["assigned_account_count"] < len(own):
            await _in_turn(
                admin.put(f"/v1/representatives/{rep['id']}/accounts/{account}") for account in own
            )
    step("staff", ", ".join(f"{member['email']} ({', '.join(member['roles'])})" for member in staff.values()))
    step("representatives", ", ".join(f"{rep['rep_code']} {rep['email']}" for rep in reps.values()))
    step("accounts", f"{len(accounts)}, with {assigned} assignments to representatives")


def who_signs_in() -> list[str]:
    """The e-mails of the people who have a password: all reps and staff, and three customers."""
    everybody = read("customers.json")
    people = everybody["representatives"] + everybody["staff"]
    customers = [entry["account"] for entry in everybody["accounts"][:_CUSTOMERS_WITH_PASSWORD]]
    return [str(person["email"]) for person in [*people, *customers]]


async def set_passwords(api: Api, mails: Mails, password: str) -> None:
    """Follow the one-time link that each of them got by mail; who can sign in already is left alone."""
    people = who_signs_in()
    fresh = 0
    for email in people:
        try:
            await api.sign_in(email, password)
        except Refused as refused:
            if refused.status != 401:
                raise
            await set_password(api, mails, email, password)
            fresh += 1
    step("passwords", f"{fresh} set through the links mailed to them, {len(people) - fresh} set before")


async def set_password(api: Api, mails: Mails, email: str, password: str) -> None:
    """With the link of the activation mail, or with a new one when that mail is gone."""
    mail = await mails.wait_for(email, seconds=15)
    if mail is None:
        await api.post("/v1/password-resets", {"email": email})
        mail = await mails.wait_for(email)
    if mail is None or not one_time_token(mail):
        raise RuntimeError(f"no mail with a link came to {email}")
    await api.post("/v1/passwords", {"token": one_time_token(mail), "password": password})


async def _ensure(admin: Api, path: str, wanted: list[Json]) -> dict[str, Json]:
    """Create what is missing; answers all of them by e-mail."""
    present = {item["email"]: item async for item in admin.items(path)}

    async def create(item: Json) -> None:
        # A key made of the content: when the answer to a former run was lost, nobody is created twice.
        key = str(uuid.uuid5(_NAMESPACE, f"{path} {item['email']}"))
        present[item["email"]] = await admin.post(path, item, key=key)

    await _in_turn(create(item) for item in wanted if item["email"] not in present)
    return {item["email"]: present[item["email"]] for item in wanted}


async def _in_turn(steps: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Run all steps, a few at a time."""
    seats = asyncio.Semaphore(_AT_ONCE)

    async def one(work: Coroutine[Any, Any, object]) -> None:
        async with seats:
            await work

    async with asyncio.TaskGroup() as group:
        for work in steps:
            group.create_task(one(work))
