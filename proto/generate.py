"""Generate the Python code of the contracts into ``proto/gen``.

``python proto/generate.py`` rewrites ``proto/gen/commis``; ``--check`` generates into a temporary
directory instead and fails when the checked-in code differs. The compiler and both plug-ins come from
the locked development environment, so the result depends on nothing else on the machine.
"""

# ruff: noqa: T201 - a command of the repository, it speaks to a terminal

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent
GENERATED = ROOT / "gen"
INCLUDES = (ROOT, ROOT / "third_party", Path(protoc.__file__).parent / "_proto")


def main() -> int:
    """Regenerate, or compare with what is checked in; answers the exit status."""
    parser = argparse.ArgumentParser(description="Generate proto/gen from proto/commis.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing, fail when proto/gen is out of date"
    )
    if not parser.parse_args().check:
        shutil.rmtree(GENERATED / "commis", ignore_errors=True)
        return generate(GENERATED)
    with tempfile.TemporaryDirectory() as scratch:
        status = generate(Path(scratch))
        stale = [] if status else differences(GENERATED / "commis", Path(scratch) / "commis")
    for name in stale:
        print(f"out of date: proto/gen/commis/{name}", file=sys.stderr)
    if stale:
        print("Run `make gen` and commit the result.", file=sys.stderr)
    return status or int(bool(stale))


def generate(target: Path) -> int:
    """Write messages, stubs and their type information of every contract under ``target``."""
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "commis").rglob("*.proto"))
    if not sources:
        print("There is no .proto file under proto/commis.", file=sys.stderr)
        return 1
    target.mkdir(parents=True, exist_ok=True)
    arguments = [
        "protoc",
        *(f"--proto_path={include}" for include in INCLUDES),
        *(f"--plugin={name}={plugin(name)}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")),
        f"--python_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_out=quiet:{target}",
        f"--mypy_grpc_out=quiet:{target}",
        *sources,
    ]
    status: int = protoc.main(arguments)
    if status == 0:
        remove_empty_stubs(target / "commis")
        (target / "commis" / "py.typed").touch()
    return status


def remove_empty_stubs(package: Path) -> None:
    """Drop the gRPC modules of files that define no service: they would be empty."""
    for module in package.rglob("*_pb2_grpc.py"):
        if "Servicer" not in module.read_text():
            module.unlink()
            module.with_suffix(".pyi").unlink(missing_ok=True)


def plugin(name: str) -> Path:
    """Where the plug-in of this environment is, whatever PATH says."""
    return Path(sysconfig.get_path("scripts")) / name


def differences(old: Path, new: Path) -> list[str]:
    """Names of the files that exist on one side only or have another content."""
    names = {path.relative_to(root) for root in (old, new) for path in root.rglob("*") if is_source(path)}
    return sorted(str(name) for name in names if not same(old / name, new / name))


def is_source(path: Path) -> bool:
    """Whether this is a generated source, not a directory or the byte code of one."""
    return path.is_file() and "__pycache__" not in path.parts


def same(old: Path, new: Path) -> bool:
    """Whether both files exist with the same bytes."""
    return old.is_file() and new.is_file() and filecmp.cmp(old, new, shallow=False)


if __name__ == "__main__":
    sys.exit(main())
