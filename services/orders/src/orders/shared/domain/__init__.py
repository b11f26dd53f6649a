"""The sheet as one pure aggregate: terms, proposals, consents and the log. Prices come as quotes."""
