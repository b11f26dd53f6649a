"""Files at an order sheet or a line: checked by content, kept outside the database, never executed."""
