# SPDX-License-Identifier: Apache-2.0
"""One self-contained page about a run: from the data set to what a board measured, tied together by hashes."""
