"""Settings of library: LIBRARY_*."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.config import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="LIBRARY_", extra="ignore")

    grpc_port: int = Field(50054, ge=0, le=65535)
    admin_port: int = Field(51054, ge=0, le=65535)
    client_id: str = "library"
    customers_target: str = "127.0.0.1:50051"
    orders_target: str = "127.0.0.1:50053"
    # After so long orders is asked what became of a hold. Longer than a placing may take there, so that nobody
    # places an order whose hold was given back.
    hold_seconds: float = Field(30.0, gt=0, le=3600)
    # How often holds that ran out are looked at.
    sweep_seconds: float = Field(5.0, gt=0, le=60)
