"""Teledyne RDI's formats: PD0 and PD8."""
