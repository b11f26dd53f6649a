"""How mails read: texts in four languages, templates, amounts and dates as each language writes them."""
