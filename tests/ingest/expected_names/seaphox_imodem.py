READER = "seaphox_imodem"
FORMATS = ("seaphox_imodem",)
MAIN = "samples"
NAMES: dict[str, object] = {}  # the expectation states the record's text alone; compared in test_sea_bird_lines.py
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
