"""Budgets as staff keep them and libraries read them, with their ledger."""
