"""What orders holds about somebody: handed in for an export, and erased as far as the law allows."""
