"""Rows of the vocabulary by theme: each module has `ROWS`, found by `ingest.vocabulary.table`."""
