"""All readers, counted for coverage: to be imported before anything else that imports them."""

from pathlib import Path

import atheris

PACKAGE = Path(__file__).parents[2] / "ingest"


def kernels() -> list[str]:
    """Modules with compiled loops: numba cannot compile what is counted."""
    held = [path for path in sorted(PACKAGE.rglob("*.py")) if b"\n@compiled\n" in path.read_bytes()]
    return [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in held]


with atheris.instrument_imports(include=["ingest"], exclude=kernels()):
    import ingest

    ingest.discover()  # readers are imported when they are looked for, which must not be after this block
