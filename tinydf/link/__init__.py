"""The link between host and board: docs/reference/protocol.md."""
