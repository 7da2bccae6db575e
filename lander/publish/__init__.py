"""Exports: one module for each format, with one `EXPORTER`."""
