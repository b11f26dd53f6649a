"""Encryption at rest with a key derived from NOTIFICATIONS_SECRET."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class SealBroken(Exception):
    """What was sealed was altered, or was sealed with another NOTIFICATIONS_SECRET."""


class Vault:
    """AES-256-GCM; the key is derived from the secret with HKDF (RFC 5869)."""

    def __init__(self, secret: str) -> None:
        key = HKDF(SHA256(), length=32, salt=b"commis notifications", info=b"encryption").derive(
            secret.encode()
        )
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, label: str) -> bytes:
        """Encrypted and authenticated together with `label`, which must be given again to open it."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """Raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(label) from None
