"""Canned texts for messages, with placeholders that are filled in for an order."""
