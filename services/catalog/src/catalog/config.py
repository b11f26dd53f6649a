"""Settings of catalog: CATALOG_* in the environment."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from catalog.tax.classes import EU
from chassis.config import ServiceSettings


class Settings(ServiceSettings):
    """`vendor_region` is the country the vendor sells from; `business_zone` says what "today" is. A hold of stock lasts
    `hold_seconds` from each reservation (placing takes at most 20); then orders is asked about it."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore")

    grpc_port: int = Field(50052, ge=0, le=65535)
    admin_port: int = Field(51052, ge=0, le=65535)
    customers_target: str = Field(min_length=1)
    orders_target: str = ""
    business_zone: str = "Europe/Brussels"
    vendor_region: str = "BE"
    vendor_language: str = Field("en", pattern="^(fr|nl|it|en)$")
    hold_seconds: float = Field(30, gt=0, le=3600)
    sweep_seconds: float = Field(5, gt=0, le=3600)

    @field_validator("business_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("must be a time zone of the IANA database")
        return value

    @field_validator("vendor_region")
    @classmethod
    def _member_state(cls, value: str) -> str:
        if value not in EU:
            raise ValueError("must be a member state of the EU, as ISO 3166-1 alpha-2")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.business_zone)
