"""Search over products: folded words, facets, sorts."""
