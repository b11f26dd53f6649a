"""The audit: an append-only, hash-chained record of what every service reported, and its verification."""
