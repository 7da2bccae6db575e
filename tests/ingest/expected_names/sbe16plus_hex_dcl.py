from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "sbe_hex"
FORMATS = ("sbe16plus_hex_dcl",)
MAIN = "samples"
PARTICLES = {r"ctdbp|dosta|flort": MAIN}
_RAW = NotHeld("raw counts, which become engineering units by the coefficients of the header")
NAMES = {
    "internal_timestamp": Clock(EACH),
    "temperature": _RAW,
    "conductivity": _RAW,
    "pressure": _RAW,
    "pressure_temp": _RAW,
    "ctd_time": Ours(EACH, "time", 1.0, -946_684_800.0),
    "raw_signal_beta": Ours(EACH, "optical_counts_0"),
    "raw_signal_chl": Ours(EACH, "optical_counts_1"),
    "raw_signal_cdom": Ours(EACH, "optical_counts_2"),
    "oxygen": Ours(EACH, "oxygen_concentration_uncompensated", 1e4, 1e5),
}
_TWICE = "counts each record once for each of the two drivers that read it"
DEVIATIONS: dict[tuple[str, str], str] = {("data1_endurance.log", "n_records"): _TWICE}
NOT_YET: dict[str, str] = {}
