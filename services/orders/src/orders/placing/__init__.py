"""Placing an order, once, and what stands against it."""
