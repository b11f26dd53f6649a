"""Exports of products, prices, stock and books, in the formats of the imports, which take them unchanged."""
