"""Stock held for orders."""
