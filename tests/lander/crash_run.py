"""What the crash tests kill: a run over a tiny archive, in a process of its own."""

from pathlib import Path

from tests.lander.simulated import run
from tests.lander.tiny import few_products


def main(archive: str, workers: int) -> None:
    """Run; the file `.started` in the archive says from when on a kill hits it."""
    with few_products():
        (Path(archive) / ".started").touch()
        run(Path(archive), workers=workers)
