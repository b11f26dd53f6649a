"""Bulk imports of products, prices and stock."""
