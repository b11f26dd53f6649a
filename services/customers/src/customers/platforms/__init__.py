"""Care platforms that hand their users over, their communities and care workers, and their public keys."""
