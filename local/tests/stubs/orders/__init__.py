"""A service that only listens."""
