"""Quick entry: what people paste or upload becomes lines, row by row, and what is not certain is told, not guessed."""
