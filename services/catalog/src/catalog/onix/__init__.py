"""ONIX for Books 3.0 and 3.1: reading messages, taking them into the catalogue, and writing them.

`reading` is pure: bytes in, records out. No DTD ever reaches an XML parser, so there are no entities to expand
and no addresses to fetch. `taking` applies records; `mapping` holds what an operator decided about prices and
subjects; nothing is guessed where there is no such decision.
"""
