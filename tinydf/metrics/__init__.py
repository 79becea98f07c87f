# SPDX-License-Identifier: Apache-2.0
"""Figures of a two-class detector: training, bench and report count in the same way, in NumPy alone."""
