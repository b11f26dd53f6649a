"""What notifications holds about somebody: mails, handed in for an export and erased."""
