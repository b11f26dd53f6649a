"""``python -m local.demo``: load the demo data and place an order in the installation that COMMIS_* names."""

from __future__ import annotations

import argparse
import asyncio
import sys

from local.demo import run
from local.demo.site import Site
from local.problems import StartProblem


def main() -> int:
    """Answers the exit status: 0 when everything went as it should."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--load-only", action="store_true", help="place no order")
    arguments = parser.parse_args()
    try:
        site = Site.from_environment()
    except StartProblem as problem:
        print(f"commis: {problem}", file=sys.stderr)
        return 78
    return asyncio.run(run.load(site) if arguments.load_only else run.whole(site))


if __name__ == "__main__":
    sys.exit(main())
