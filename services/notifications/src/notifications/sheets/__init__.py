"""Mails about shared orders: what was sent, changed meanwhile, waits, runs out or ended."""
