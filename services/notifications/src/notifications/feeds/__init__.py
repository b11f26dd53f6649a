"""The live feed of an account: what happened to its orders and budgets, numbered, for those who may see it."""
