"""Spending control: an order above a user's limit waits until an administrator of the account approves it."""
