"""One spelling per e-mail address, so that a person is found again however the address was typed."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3 (path) less the angle brackets


def normalise(value: str) -> str | None:
    """Lower case, NFC, with an ASCII (IDNA 2008) domain; None when it is no address.

    The local part is lower-cased too: RFC 5321 would let it be case-sensitive, no mail system in use is.
    Names under `.test` are accepted (RFC 6761 reserves them: such mail reaches nobody), so that rehearsals
    need no real domain. No DNS look-up: an answer must not depend on the network.
    """
    if len(value) > MAX_LENGTH:
        return None
    try:
        parts = validate_email(value.strip(), check_deliverability=False, test_environment=True, strict=True)
    except (EmailNotValidError, UnicodeError):
        return None
    if "." not in parts.domain:
        return None
    return f"{parts.local_part.lower()}@{parts.ascii_domain.lower()}"


def readable(normalised: str) -> str:
    """With the domain as people write it: `jan@exämple.be` for `jan@xn--exmple-cua.be`."""
    parts = validate_email(normalised, check_deliverability=False, test_environment=True)
    return f"{parts.local_part}@{parts.domain}"
