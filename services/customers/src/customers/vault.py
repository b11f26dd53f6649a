"""Everything that is derived from CUSTOMERS_SECRET: encryption at rest and message authentication codes."""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class SealBroken(Exception):
    """What was sealed was altered, or was sealed with another CUSTOMERS_SECRET."""


class Vault:
    """One key per use, derived from the secret with HKDF (RFC 5869), so that no use weakens another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._cipher = AESGCM(self._derive("encryption"))
        self._keys: dict[str, bytes] = {}

    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), length=32, salt=b"commis customers", info=purpose.encode()).derive(self._secret)

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

    def mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 (32 bytes) under the key of this purpose."""
        key = self._keys.get(purpose)
        if key is None:
            key = self._keys[purpose] = self._derive(f"mac {purpose}")
        return hmac.digest(key, data, "sha256")
