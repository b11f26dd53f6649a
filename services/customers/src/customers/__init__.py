"""Customers owns people, accounts, addresses, representatives, staff, sign-in, tokens and the audit.

It never holds orders, prices, stock or mail texts, and never sends a mail itself: it publishes facts, and
notifications asks for the recipient or the link when it writes the mail.
"""
