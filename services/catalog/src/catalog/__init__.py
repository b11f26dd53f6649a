"""Catalog: products, search, prices, discount grids, VAT rates, stock, reservations and imports.

It never knows who a customer is (it asks customers for facts) nor what an order looks like (it holds stock for
an order id and asks orders whether that order was placed).
"""
