from ingest.calibration.sea_bird import AIR_PRESSURE_PSI, DECIBAR_PER_PSI
from tests.ingest.expected_names import EACH, Calculated, Clock, Ours

READER = "sbe37im_imodem"
FORMATS = ("sbe37im_imodem",)
MAIN = "samples"
PARTICLES = {r"instrument": MAIN, r"metadata": None}  # of the header: attributes, and what `expected` returns


def _pressure_counts(decoded, _):
    samples = decoded.streams[MAIN]
    span = (float(samples.attrs["pressure_range"]) - AIR_PRESSURE_PSI) * DECIBAR_PER_PSI
    return (samples["pressure"].values + 0.05 * span) * 0.85 * 65536 / span


NAMES = {
    "internal_timestamp": Clock(EACH),
    "temperature": Ours(EACH, "temperature", 1e4, 1e5),
    "conductivity": Ours(EACH, "conductivity", 1e5, 5e4),
    "pressure": Calculated(_pressure_counts, "pressure", MAIN),
    "ctd_time": Ours(EACH, "time", 1.0, -946_684_800.0),
}
_HEADER = "counts the header as a record, with the time of the request"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("ctdmo01_20140712_120719.DAT", "n_records"): _HEADER,
    ("ctdmo01_20140712_120719.DAT", "time_last"): _HEADER,
}
NOT_YET: dict[str, str] = {}
