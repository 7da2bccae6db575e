"""Decodes PD0 bytes at one go, for tests; every byte has to be in the account."""

import xarray as xr

from ingest.ledger import Ledger, LedgerBuilder
from ingest.readers import rdi_pd0


def read(raw: bytes) -> tuple[dict[str, xr.Dataset], Ledger]:
    """Streams and account."""
    records, consumed, state = rdi_pd0.finish(raw, 0, None)
    assert consumed == len(raw)
    account = LedgerBuilder()
    account.add(records.accepted, records.skipped, records.rejected)
    ledger = account.build(len(raw), None)
    assert ledger.adds_up
    return dict(rdi_pd0.to_dataset(records, state, None)), ledger
