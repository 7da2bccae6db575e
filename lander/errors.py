"""What can go wrong in an archive."""


class LanderError(Exception):
    """Something about an archive is not as it must be; the message says what, where and what to do."""


class ConfigError(LanderError):
    """The archive's configuration cannot be used; `lander validate` lists every mistake."""


class RequestError(LanderError):
    """Somebody asked for what is not there, or in words that mean nothing; nothing was done."""


class StoreError(LanderError):
    """A file of the store is missing, damaged or of another layout."""


class UnwritableError(StoreError):
    """The disk is full, or may not be written: no fault of any input, and nothing else will fare better."""


class AgainError(LanderError):
    """An input changed while it was read: what was made from it before stands until the next run."""


class LockedError(LanderError):
    """Another run holds the archive."""
