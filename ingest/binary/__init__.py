"""What binary formats share: checksums, records in matrices, their fields brought together."""
