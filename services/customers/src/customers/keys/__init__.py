"""Signing keys, published as a JSON Web Key Set, and client credentials of services and internal teams."""
