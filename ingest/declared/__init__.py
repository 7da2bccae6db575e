"""Text that a YAML beside it declares: the declaration, its clock, its lines and columns."""
