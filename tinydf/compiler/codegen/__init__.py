"""Writes C."""
