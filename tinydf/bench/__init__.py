# SPDX-License-Identifier: Apache-2.0
"""Measuring a detector on boards: every image over the link, every answer in a journal, figures from the journal."""
