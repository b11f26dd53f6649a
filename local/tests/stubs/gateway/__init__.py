"""A gateway that only listens."""
