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
    parser.add_argument("--once", action="store_true", help="order only where nobody has ordered yet")
    arguments = parser.parse_args()
    try:
        site = Site.from_environment()
    except StartProblem as problem:
        print(f"commis: {problem}", file=sys.stderr)
        return 78
    return asyncio.run(run.whole(site, once=arguments.once))


if __name__ == "__main__":
    sys.exit(main())
