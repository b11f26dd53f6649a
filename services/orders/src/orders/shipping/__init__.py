"""Shipping methods with zones and bands: who is served, at which price."""
