"""Settings of notifications: NOTIFICATIONS_*."""

from __future__ import annotations

import email.utils
import zoneinfo
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from chassis.config import ServiceSettings
from notifications.mails.addresses import envelope_address


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


class Settings(ServiceSettings):
    """`secret` encrypts the secrets of webhooks: after a change of it they have to be rotated."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_", extra="ignore")

    grpc_port: int = Field(50055, ge=0, le=65535)
    admin_port: int = Field(51055, ge=0, le=65535)
    client_id: str = "notifications"
    customers_target: str = "127.0.0.1:50051"
    orders_target: str = "127.0.0.1:50053"
    secret: Annotated[SecretStr, AfterValidator(_long_enough)]

    smtp_host: str
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    # Mails on their way at the same time; each has a connection that stays open.
    smtp_connections: int = Field(8, ge=1, le=100)
    # An address, or a name with an address in angle brackets.
    mail_from: str
    vendor_mail: str
    vendor_language: Literal["fr", "nl", "it", "en"] = "en"
    # Signs the mails; the name in mail_from when empty.
    vendor_name: str = ""
    # How long it is kept what a mail said; that it was sent, to whom and when, is kept longer.
    mail_text_days: int = Field(400, ge=1, le=36500)
    # Changes of a shared order are mailed together when nobody changed anything for so long ...
    digest_quiet_seconds: float = Field(180.0, ge=0, le=3600)
    # ... and not more often than this to the same side.
    digest_every_seconds: float = Field(900.0, ge=0, le=86400)
    # Whose calendar dates in mails follow.
    business_zone: str = "Europe/Brussels"
    # When after an erasure mails are looked at once more, for those that were being written.
    erasure_settle_seconds: float = Field(30.0, ge=0, le=600)

    @property
    def sender(self) -> tuple[str, str]:
        """(name, address) of mail_from."""
        return email.utils.parseaddr(self.mail_from)

    @property
    def signature(self) -> str:
        name, address = self.sender
        return self.vendor_name or name or address.partition("@")[2]

    @field_validator("mail_from", "vendor_mail")
    @classmethod
    def _address(cls, value: str) -> str:
        if envelope_address(email.utils.parseaddr(value)[1]) is None:
            raise ValueError("must be a mail address")
        return value

    @field_validator("business_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("must be a time zone such as Europe/Brussels") from None
        return value

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.profile == "production" and self.smtp_user and self.smtp_tls == "none":
            raise ValueError("smtp_user needs smtp_tls=starttls or tls in profile production")
        return self
