"""The container engine: whether it can be used, and the images of this source tree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import APIError, BuildError, DockerException, ImageNotFound

from tests.stack.interface import StackProblem

ROOT = Path(__file__).resolve().parents[2]
LABEL = "commis.tests"  # <process>-<random>: which stack of which run a thing belongs to
IMAGES = {"BASE_IMAGE": "python:3.13-slim", "POSTGRES_IMAGE": "postgres:18", "NATS_IMAGE": "nats:2.12"}


def image_names() -> dict[str, str]:
    """The images that are not built from this tree, by the variable that names each."""
    return {variable: os.environ.get(variable) or name for variable, name in IMAGES.items()}


def missing() -> str:
    """Why containers cannot be used; empty when they can. Starts, pulls and builds nothing."""
    try:
        client = docker.from_env(timeout=10)
    except DockerException:
        return "no container engine answers"
    try:
        for name in image_names().values():
            client.images.get(name)
    except ImageNotFound:
        return f'image {name} is not here; to get it: eval "$(tools/containers)"'
    except DockerException as error:
        return f"the container engine is out of order: {error}"
    finally:
        client.close()
    return ""


def build(client: docker.DockerClient, service: str) -> str:
    """The name of a service's image made from this tree; built unless the same content was built before."""
    base = image_names()["BASE_IMAGE"]
    name = f"commis/{service}"
    tag = f"test-{_digest(client.images.get(base).id or base, service)}"
    with suppress(ImageNotFound):
        client.images.get(f"{name}:{tag}")
        return f"{name}:{tag}"
    try:
        client.images.build(
            path=str(ROOT), tag=f"{name}:{tag}", network_mode="host", rm=True,
            buildargs={"SERVICE": service, "BASE_IMAGE": base},
        )  # fmt: skip
    except BuildError as error:
        said = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise StackProblem(f"the image of {service} cannot be built: {error}\n{said[-3000:]}") from error
    _forget_older(client, name, tag)
    return f"{name}:{tag}"


def _digest(base: str, service: str) -> str:
    """Of everything that the Dockerfile puts into this service's image."""
    digest = hashlib.sha256(f"{base} {service}".encode())
    for path in sorted(_sources(service)):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources(service: str) -> Iterator[Path]:
    member = ROOT / "services" / service
    member = member if member.is_dir() else ROOT / service
    yield from (ROOT / "Dockerfile", ROOT / ".dockerignore", ROOT / "deploy/live.py")
    yield from (ROOT / "locks/chassis.txt", ROOT / f"locks/{service}.txt")
    for folder in (ROOT / "proto/gen", ROOT / "chassis/src", member / "src", member / "migrations"):
        yield from (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _forget_older(client: docker.DockerClient, name: str, tag: str) -> None:
    """Drop the images of former contents, so that they do not fill the disk; those in use stay."""
    for image in client.images.list(name=name):
        for other in image.tags:
            if other.startswith(f"{name}:test-") and other != f"{name}:{tag}":
                with suppress(APIError):
                    client.images.remove(other)


def remove(client: docker.DockerClient, wanted: Callable[[str], bool]) -> None:
    """Remove the containers, volumes and networks whose label is wanted."""
    filters = {"label": LABEL}
    for container in client.containers.list(all=True, filters=filters):
        if wanted(container.labels[LABEL]):
            container.remove(force=True, v=True)
    for volume in client.volumes.list(filters=filters):
        if wanted(volume.attrs["Labels"][LABEL]):
            volume.remove(force=True)
    for network in client.networks.list(filters=filters):
        if wanted(network.attrs["Labels"][LABEL]):
            network.remove()


def remove_leftovers(client: docker.DockerClient) -> None:
    """Remove what runs that were killed left behind."""
    remove(client, lambda owner: not _alive(owner.partition("-")[0]))


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
