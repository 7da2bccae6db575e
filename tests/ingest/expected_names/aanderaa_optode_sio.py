from tests.ingest.expected_names import EACH, Clock, Elsewhere, Ours
from tests.ingest.expected_names.aanderaa_optode import NAMES as OF_LOGGER

READER = "aanderaa_optode_sio"
FORMATS = ("aanderaa_optode_sio",)
MAIN = "samples"
PARTICLES = {"": MAIN}
NAMES = {
    **OF_LOGGER,
    "internal_timestamp": Clock(EACH),
    "port_timestamp": Clock(EACH),
    "sio_controller_timestamp": Ours(MAIN, "time"),
    "product_number": Elsewhere(MAIN, "instrument_model"),
    "serial_number": Elsewhere(MAIN, "serial_number"),
}
DEVIATIONS: dict[tuple[str, str], str] = {
    ("DOS15908_1st7.DAT", "*"): (
        "the expectation lists the first 3 of the file's 7 blocks, whose checksums all hold; "
        "test_chemistry_readers.py compares those 3 with it"
    ),
}
NOT_YET: dict[str, str] = {}
