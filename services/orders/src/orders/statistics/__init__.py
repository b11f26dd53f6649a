"""Figures of assisted orders by community: for the platforms that hand them over, and for staff."""
