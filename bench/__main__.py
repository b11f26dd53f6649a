"""Every benchmark, one after another, each in a process of its own: ``python -m bench`` or ``make bench``."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS = ("placing", "accounts", "catalog", "imports", "sign_in", "orders_at_scale", "live_feed")

if __name__ == "__main__":
    for name in BENCHMARKS:
        print(f"\n== {name} ==", flush=True)
        # As modules: a script's own folder comes first, and `catalog` would be the benchmark instead of the service.
        subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=HERE.parent, check=True)
