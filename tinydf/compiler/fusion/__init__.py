"""Operators and layers that become one: tables, sums within convolutions, cascades."""
