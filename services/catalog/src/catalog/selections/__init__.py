"""Titles that staff put together for customers, and the list page they are read as."""
