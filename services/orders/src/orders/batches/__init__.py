"""Orders that representatives took offline, uploaded together: each is placed, or says why it was not."""
