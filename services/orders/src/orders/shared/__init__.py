"""The shared order: one sheet that vendor and customer both see and change, until both agreed to all of it."""
