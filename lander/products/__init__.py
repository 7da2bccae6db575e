"""Products: one module each, with one `PRODUCT`."""
