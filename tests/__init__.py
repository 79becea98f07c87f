# SPDX-License-Identifier: Apache-2.0
"""The tests, beside each room."""
