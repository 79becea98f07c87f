"""Ways to program a board, one a module."""
