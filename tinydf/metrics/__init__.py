"""Figures of a two-class detector: training, bench and report count in the same way, in NumPy alone."""
