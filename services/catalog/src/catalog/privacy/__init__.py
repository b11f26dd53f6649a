"""What catalog holds about an account: handed in for an export, and erased."""
