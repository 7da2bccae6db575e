"""Readers, one format each, on real files and on bytes that are made."""
