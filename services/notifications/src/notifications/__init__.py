"""Notifications owns the mails: what is sent to whom, in which state, once per cause.

It never decides who gets an order or a link: it asks orders and customers.
"""
