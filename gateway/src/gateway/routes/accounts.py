"""Accounts and their addresses."""

from gateway.operation import Body, Routes
from gateway.query import Query

_accounts = Routes("customers.v1.AccountService", "Accounts")

OPERATIONS = (
    _accounts.post(
        "/v1/accounts",
        "CreateAccount",
        "Create an account",
        description="With its first person, who gets a mail with an activation link.",
        body=Body(),
        status=201,
        location="/v1/accounts/{id}",
        errors="INVALID_FIELDS EMAIL_TAKEN",
    ),
    _accounts.get(
        "/v1/accounts",
        "ListAccounts",
        "Search accounts",
        query=(
            Query("query", description="Words of name, company, number, e-mail or city; each is a prefix."),
            Query("kind"),
            Query("representative_id", description="Accounts of this representative."),
        ),
    ),
    _accounts.get("/v1/accounts/{account_id:id}", "GetAccount", "Get an account", errors="ACCOUNT_NOT_FOUND"),
    _accounts.patch(
        "/v1/accounts/{account_id:id}",
        "UpdateAccount",
        "account",
        "Change an account",
        description="Staff (ADMIN, ORDER_DESK) suspend, close and reopen it by its `state`; what is open ends with it.",
        errors="ACCOUNT_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS CHANGE_NOT_ALLOWED EMAIL_TAKEN",
    ),
    _accounts.post(
        "/v1/accounts/{account_id:id}/persons/{person_id:id}:send-activation",
        "SendActivation",
        "Mail a new activation link",
        body=Body(),
        status=202,
        errors="ACCOUNT_NOT_FOUND PERSON_NOT_FOUND PERSON_ALREADY_ACTIVE",
    ),
    _accounts.get(
        "/v1/accounts/{account_id:id}/addresses",
        "ListAddresses",
        "List an account's addresses",
        errors="ACCOUNT_NOT_FOUND",
    ),
    _accounts.post(
        "/v1/accounts/{account_id:id}/addresses",
        "CreateAddress",
        "Add an address",
        body=Body("address"),
        status=201,
        errors="ACCOUNT_NOT_FOUND INVALID_FIELDS TOO_MANY_ADDRESSES",
    ),
    _accounts.put(
        "/v1/accounts/{account_id:id}/addresses/{address_id:id}",
        "UpdateAddress",
        "Replace an address",
        body=Body("address"),
        errors="ACCOUNT_NOT_FOUND ADDRESS_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS",
    ),
    _accounts.delete(
        "/v1/accounts/{account_id:id}/addresses/{address_id:id}",
        "DeleteAddress",
        "Delete an address",
        status=204,
        errors="ACCOUNT_NOT_FOUND ADDRESS_NOT_FOUND ETAG_MISMATCH",
    ),
)
