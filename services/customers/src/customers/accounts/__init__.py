"""Accounts: who buys and is billed, with their business profile, and the search over them."""
