"""The persons of a business account."""

from gateway.operation import Body, Routes

_members = Routes("customers.v1.MembershipService", "Members")
_OF_ACCOUNT = "/v1/accounts/{account_id:id}/members"
_MEMBER = _OF_ACCOUNT + "/{person_id:id}"

OPERATIONS = (
    _members.get(_OF_ACCOUNT, "ListMembers", "List an account's members", errors="ACCOUNT_NOT_FOUND"),
    _members.post(
        _OF_ACCOUNT,
        "InvitePerson",
        "Invite somebody into a business account",
        description="By e-mail. Somebody new gets a mail with an activation link; somebody known finds the "
        "account among the own identities.",
        body=Body(),
        status=201,
        errors="ACCOUNT_NOT_FOUND INVALID_FIELDS ALREADY_MEMBER EMAIL_TAKEN NOT_A_BUSINESS",
    ),
    _members.patch(
        _MEMBER,
        "UpdateMember",
        "person",
        "Change a member's role or spending limit",
        description="In force at once, also in open sessions.",
        without=("first_name", "last_name", "email", "language_code", "active"),
        errors="ACCOUNT_NOT_FOUND MEMBER_NOT_FOUND LAST_ADMINISTRATOR ETAG_MISMATCH INVALID_FIELDS",
    ),
    _members.delete(
        _MEMBER,
        "RemoveMember",
        "Remove a member",
        description="In force at once, also in open sessions.",
        status=204,
        errors="ACCOUNT_NOT_FOUND MEMBER_NOT_FOUND LAST_ADMINISTRATOR ETAG_MISMATCH",
    ),
)
