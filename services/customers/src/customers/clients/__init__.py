"""Clients of communities: consumer accounts that a care platform makes, keeps up to date and closes."""
