"""Signing in, session families, refresh tokens and ordering sessions."""
