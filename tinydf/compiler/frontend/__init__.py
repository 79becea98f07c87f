"""Reads a .tflite."""
