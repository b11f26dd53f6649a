"""Postal addresses of accounts, checked against the rules of their country."""
