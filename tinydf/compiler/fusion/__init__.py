# SPDX-License-Identifier: Apache-2.0
"""Operators and layers that become one: tables, sums within convolutions, cascades."""
