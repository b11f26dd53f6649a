"""Fixed book prices: how much discount the law of a jurisdiction leaves, to whom, on which books, how long."""
