"""`python -m gateway serve`: the only place that reads the environment."""

from __future__ import annotations

import argparse
from typing import Any, cast

from chassis.config import load
from gateway.config import Settings
from gateway.server import serve


def main(arguments: list[str] | None = None) -> None:
    """Exits with 78 when settings are missing or wrong."""
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_subparsers(dest="command", required=True).add_parser("serve", help="answer HTTP until SIGTERM")
    parser.parse_args(arguments)
    serve(cast(Settings, load(cast(Any, Settings))))


if __name__ == "__main__":
    main()
