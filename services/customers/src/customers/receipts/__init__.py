"""Receipts: what was erased, what is kept, and the law that says so; and where they are mailed to."""
