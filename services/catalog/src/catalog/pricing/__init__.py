"""Price lists, discount grids and the one function that prices a line."""
