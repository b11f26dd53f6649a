"""Make the checked-in demo data from its sources.

``python -m local.data.prepare GOODBOOKS_CSV MAGENTO_PRODUCTS_CSV`` writes into this directory. It was run
once; the result is checked in, and running it again gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.data import books, clothing, customers

HERE = Path(__file__).parent


def main() -> int:
    """Read both sources and write everything."""
    parser = argparse.ArgumentParser(prog="python -m local.data.prepare", description=__doc__)
    parser.add_argument("goodbooks", type=Path, help="books.csv of goodbooks-10k")
    parser.add_argument("magento", type=Path, help="products.csv of the Magento 2 sample catalogue")
    arguments = parser.parse_args()
    books.prepare(arguments.goodbooks, HERE / "books")
    clothing.prepare(arguments.magento, HERE / "clothing")
    customers.prepare(HERE / "customers.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
