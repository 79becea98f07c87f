"""The link between host and board: docs/protocol.md."""
