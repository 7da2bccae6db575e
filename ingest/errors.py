"""What can go wrong between a file and its samples."""

from pathlib import Path


class IngestError(Exception):
    """A file could not be read.

    Parameters
    ----------
    message
        What was found and what was expected.
    file
        The file at hand, where known.
    offset
        First byte of the place at fault, where known.
    """

    def __init__(self, message: str, *, file: str | Path | None = None, offset: int | None = None) -> None:
        where = "" if file is None else f"{file}: "
        if offset is not None:
            where += f"byte {offset}: "
        super().__init__(where + message)
        self.message = message
        self.file = file
        self.offset = offset

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the place when the error crosses a process boundary."""
        return _rebuild, (type(self), self.message, self.file, self.offset)


def _rebuild(kind: type[IngestError], message: str, file: str | Path | None, offset: int | None) -> IngestError:
    return kind(message, file=file, offset=offset)


class UnknownFormatError(IngestError):
    """No reader claims the file."""


class AmbiguousFormatError(IngestError):
    """Two readers claim the same file: a defect of a reader, never of the file."""


class CalibrationError(IngestError):
    """Coefficients are missing, incomplete or of another model."""


class DecodeError(IngestError):
    """The file is of a known format, and nothing of it can be decoded."""
