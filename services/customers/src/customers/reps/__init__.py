"""Representatives and the accounts assigned to them."""
