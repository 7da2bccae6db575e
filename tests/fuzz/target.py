"""A fuzz target for one reader: `python -m tests.fuzz.target READER SECONDS FOLDER`.

Starts from the reader's samples, cut small; keeps what finds new code in FOLDER/corpus and what breaks the law in
FOLDER/broken-*. Kernels are compiled with checks of their bounds (set NUMBA_BOUNDSCHECK=1 and a NUMBA_CACHE_DIR of its
own), so that a read behind an array's end is an error and not a silent wrong value.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

from tests.fuzz.instrumented import ingest
from tests.fuzz.law import check
from tests.fuzz.repair import REPAIRS
from tests.ingest.conftest import samples

LONGEST = 16_384
"""Bytes of an input: enough for several records and their descriptions."""

MOST_BLOCKS = 40
"""That an input is cut into: one of 15,000 bytes took a second byte by byte, where thirty others find more."""

MEMORY = "-rss_limit_mb=8192"
"""HDF5 2.2 keeps some 0.07 MB of each file that it refuses, of whatever size: 4 GB after 55,000 of them."""


def seeds(reader: str) -> list[bytes]:
    """The starts of a reader's sample files; all of a file that is read as a whole."""
    whole = ingest.discover()[reader].whole is not None
    return [one.content if whole else one.content[:LONGEST] for one in samples() if one.reader == reader]


def main(reader: str, seconds: int, folder: Path) -> None:
    """Fuzz until the time is over or the law is broken; libFuzzer ends the process itself."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    found = seeds(reader)
    for number, content in enumerate(found):
        (corpus / f"seed-{number}").write_bytes(content)
    longest = max(LONGEST, *(len(content) for content in found))
    repair = REPAIRS.get(reader)
    name = next(one.name for one in samples() if one.reader == reader)
    file = Path(tempfile.mkdtemp(dir=folder)) / name
    warnings.simplefilter("error")

    def once(content: bytes) -> None:
        # The last byte chooses: whether checksums are mended first, and how the file is cut into blocks.
        choice = content[-1] if content else 0
        mend = repair is not None and choice % 4 != 0
        file.write_bytes(repair(bytearray(content)) if repair is not None and mend else content)
        check(file, max(1 + 37 * choice, len(content) // MOST_BLOCKS))

    # Compiles, which takes longer than any input may; a start that no reader claims asks kernels of all of them.
    for content in found:
        for start in (content, content[:8], b""):
            once(start)
    options = [f"-max_total_time={seconds}", f"-max_len={longest}", f"-artifact_prefix={folder}/broken-", "-timeout=30"]
    atheris.Setup([sys.argv[0], *options, MEMORY, "-print_final_stats=1", str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
