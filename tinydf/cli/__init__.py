"""The command line: one module a command, with no logic of its own."""
