"""From the bytes of an ONIX message to records. No I/O."""
