"""Bytes as instruments write them, for layouts that no real file has or that a test needs small."""
