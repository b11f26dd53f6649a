"""Mails: written once per cause in the transaction of their event, sent by SMTP, kept with their state."""
