# SPDX-License-Identifier: Apache-2.0
"""The link between host and board: docs/reference/protocol.md."""
