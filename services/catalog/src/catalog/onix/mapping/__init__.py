"""Which ONIX prices belong to which price list, and which subjects to which category."""
