"""Derived quantities: one module each, with one `DERIVED`."""
