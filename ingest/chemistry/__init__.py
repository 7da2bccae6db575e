"""Layouts of chemical and optical sensors: Aanderaa, ECO, SAMI, SeaGuard."""
