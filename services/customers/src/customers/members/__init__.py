"""The persons of a business account: invited, given a role and a limit, removed."""
