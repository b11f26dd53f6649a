"""The vendor's terms of sale, by version and language."""
