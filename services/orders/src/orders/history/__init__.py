"""The append-only history of each order."""
