"""The vendor's own people in the back office, with their roles."""
