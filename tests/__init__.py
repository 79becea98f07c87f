"""The tests, beside each room."""
