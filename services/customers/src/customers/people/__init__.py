"""People who can sign in: one e-mail address and one password each, and the links by which they set it."""
