from tests.ingest.expected_names import Merged, NotHeld

READER = "suna"
FORMATS = ("suna_csv",)
MAIN = ("light", "dark")
BOTH = ("light", "dark")


def _both(variable):
    # The instrument writes 0 into dark frames for what only light frames can tell; there we have no such variable.
    return Merged(BOTH, variable, absent=0.0, decimals=5)


NAMES = {
    "date_of_sample": NotHeld("`time`, together with time_of_sample"),
    "time_of_sample": NotHeld("`time`, together with date_of_sample"),
    "frame_type": NotHeld("the same in every frame"),
    "serial_number": NotHeld("text that tells light from dark frames: the stream"),
    "checksum": NotHeld("verified, not kept"),
    "nitrate_concentration": _both("nitrate_concentration"),
    "nutnr_nitrogen_in_nitrate": _both("nitrogen_in_nitrate"),
    "nutnr_absorbance_at_254_nm": _both("absorbance_254nm"),
    "nutnr_absorbance_at_350_nm": _both("absorbance_350nm"),
    "nutnr_bromide_trace": _both("bromide_trace"),
    "nutnr_dark_value_used_for_fit": _both("dark_value_for_fit"),
    "aux_fitting_1": _both("fit_auxiliary_1"),
    "aux_fitting_2": _both("fit_auxiliary_2"),
    "nutnr_fit_base_1": _both("fit_baseline_1"),
    "nutnr_fit_base_2": _both("fit_baseline_2"),
    "nutnr_fit_rmse": _both("fit_root_mean_square_error"),
    "nutnr_spectrum_average": _both("spectrum_average"),
    "nutnr_integration_time_factor": _both("integration_time_factor"),
    "spectral_channels": _both("spectrum"),
    "temp_spectrometer": _both("spectrometer_temperature"),
    "temp_interior": _both("internal_temperature"),
    "temp_lamp": _both("lamp_temperature"),
    "lamp_time": _both("lamp_time"),
    "humidity": _both("internal_relative_humidity"),
    "voltage_main": _both("supply_voltage"),
    "voltage_lamp": _both("lamp_voltage"),
    "nutnr_voltage_int": _both("internal_voltage"),
    "nutnr_current_main": _both("supply_current"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
