"""Library owns the budgets of library accounts and what orders hold, spend and get back of them.

It never prices anything and never decides whether an order is placed: it asks orders.
"""
