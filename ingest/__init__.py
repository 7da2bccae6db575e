"""Raw instrument files to Datasets; knows formats, nothing of deployments."""

from ingest.decode import BLOCK_BYTES, BlockDecoder, Decoded, decode, read
from ingest.errors import AmbiguousFormatError, CalibrationError, DecodeError, IngestError, UnknownFormatError
from ingest.inspect import inspect
from ingest.ledger import Ledger, Span
from ingest.reader import Batch, Beside, Calibration, Reader, Records, discover
from ingest.recognise import description_mistakes, descriptions, is_description

__all__ = [
    "BLOCK_BYTES",
    "AmbiguousFormatError",
    "Batch",
    "Beside",
    "BlockDecoder",
    "Calibration",
    "CalibrationError",
    "DecodeError",
    "Decoded",
    "IngestError",
    "Ledger",
    "Reader",
    "Records",
    "Span",
    "UnknownFormatError",
    "decode",
    "description_mistakes",
    "descriptions",
    "discover",
    "inspect",
    "is_description",
    "read",
]
