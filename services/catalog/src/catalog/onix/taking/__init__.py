"""Applies records to products, variants and prices."""
