from ingest.sea_bird.names import MICROMOLE_PER_MILLILITRE, MILLIGRAM_PER_MILLILITRE, T68_PER_T90
from tests.ingest.expected_names import NotHeld, Ours

READER = "sbe_cnv"
FORMATS = ("sbe_cnv",)
MAIN = "samples"
_TIME = NotHeld("became `time`, or is kept among `unmapped_columns`; checked in test_sbe_cnv.py")
_FLAG = NotHeld("0, or the bad flag where processing marked the scan bad: `scan_flag` holds 0 and 1")
_OXYGEN = Ours(MAIN, "oxygen_concentration", 1 / MICROMOLE_PER_MILLILITRE)
_OXYGEN_2 = Ours(MAIN, "oxygen_concentration_2", 1 / MICROMOLE_PER_MILLILITRE)
_MG = MILLIGRAM_PER_MILLILITRE / MICROMOLE_PER_MILLILITRE
NAMES = {
    "flag": _FLAG,
    **dict.fromkeys(
        ("timeS", "timeM", "timeH", "timeJ", "timeJV2", "timeSCP", "timeK", "timeY", "timeN", "timeQ"), _TIME
    ),
    # The decoder that made the expectations renames some short names and leaves others.
    **dict.fromkeys(("TEMP", "t090C", "t090", "tv290C", "tnc90C", "t4990C", "t090Cm"), Ours(MAIN, "temperature")),
    **dict.fromkeys(("temperature", "t068C", "tv268C", "t4968C", "t068"), Ours(MAIN, "temperature", T68_PER_T90)),
    **dict.fromkeys(("TEMP2", "t190C", "tnc290C"), Ours(MAIN, "temperature_2")),
    "t168C": Ours(MAIN, "temperature_2", T68_PER_T90),
    **dict.fromkeys(("t3890C", "t38_90C"), Ours(MAIN, "reference_temperature")),
    **dict.fromkeys(("CNDC", "c0S/m", "cond0S/m"), Ours(MAIN, "conductivity")),
    **dict.fromkeys(("CNDC2", "c1S/m", "cond1S/m"), Ours(MAIN, "conductivity_2")),
    **dict.fromkeys(("c0mS/cm", "cond0mS/cm"), Ours(MAIN, "conductivity", 10.0)),
    "c1mS/cm": Ours(MAIN, "conductivity_2", 10.0),
    **dict.fromkeys(("c0uS/cm", "cond0uS/cm"), Ours(MAIN, "conductivity", 1e4)),
    **dict.fromkeys(("PRES", "prDM", "prdM", "prSM", "prM", "pr"), Ours(MAIN, "pressure")),
    "ptempC": Ours(MAIN, "pressure_sensor_temperature"),
    **dict.fromkeys(("PSAL", "sal00"), Ours(MAIN, "practical_salinity")),
    **dict.fromkeys(("PSAL2", "sal11", "sal00_1"), Ours(MAIN, "practical_salinity_2")),
    **dict.fromkeys(("DEPTH", "depSM", "depFM"), Ours(MAIN, "depth")),
    **dict.fromkeys(("DEPTH2", "depSM_1"), Ours(MAIN, "depth_2")),
    **dict.fromkeys(("soundspeed", "svCM", "svDM", "svWM"), Ours(MAIN, "sound_speed")),
    **dict.fromkeys(("potemperature", "potemp090C"), Ours(MAIN, "potential_temperature")),
    **dict.fromkeys(("potemperature2", "potemp190C"), Ours(MAIN, "potential_temperature_2")),
    **dict.fromkeys(("density", "density00"), Ours(MAIN, "density")),
    "density11": Ours(MAIN, "density_2"),
    **dict.fromkeys(("sigma_t", "sigma-t00"), Ours(MAIN, "sigma_t")),
    **dict.fromkeys(("sigma_t2", "sigma-t11"), Ours(MAIN, "sigma_t_2")),
    # The Greek letter in the encodings that were seen or may be.
    **dict.fromkeys(
        ("sigma-é00", "sigma-�00", "sigma-ï¿½00", "sigma-Ã©00", "sigma-\x8200", "sigma-theta00"),
        Ours(MAIN, "sigma_theta"),
    ),
    **dict.fromkeys(("sigma-é11", "sigma-�11", "sigma-ï¿½11", "sigma-Ã©11"), Ours(MAIN, "sigma_theta_2")),
    **dict.fromkeys(("oxygenvoltage", "sbeox0V"), Ours(MAIN, "oxygen_sensor_voltage")),
    "sbeox1V": Ours(MAIN, "oxygen_sensor_voltage_2"),
    **dict.fromkeys(("oxygen_ml_L", "sbeox0ML/L", "sbeopoxML/L", "opoxML/L"), _OXYGEN),
    "sbeox1ML/L": _OXYGEN_2,
    **dict.fromkeys(("sbeox0Mg/L", "sbeopoxMg/L"), Ours(MAIN, "oxygen_concentration", _MG)),
    "sbeox1Mg/L": Ours(MAIN, "oxygen_concentration_2", _MG),
    **dict.fromkeys(("sbeox0Mm/L", "sbeopoxMm/L", "opoxMm/L"), Ours(MAIN, "oxygen_concentration")),
    **dict.fromkeys(("oxygen", "sbeox0Mm/Kg", "sbeopoxMm/Kg"), Ours(MAIN, "oxygen_content")),
    "sbeox1Mm/Kg": Ours(MAIN, "oxygen_content_2"),
    **dict.fromkeys(("sbeox0PS", "sbeopoxPS", "opoxPS"), Ours(MAIN, "oxygen_saturation")),
    "sbeox1PS": Ours(MAIN, "oxygen_saturation_2"),
    "sbeoxpd": Ours(MAIN, "oxygen_phase_delay"),
    "sbeoxTC": Ours(MAIN, "oxygen_sensor_temperature"),
    **dict.fromkeys(("flScufa", "flSCC"), Ours(MAIN, "chlorophyll_fluorescence")),
    **dict.fromkeys(("flECO-AFL", "wetStar", "flC", "flCUVA", "fluorescence"), Ours(MAIN, "chlorophyll_concentration")),
    **dict.fromkeys(("flTC7", "flS", "flT"), Ours(MAIN, "chlorophyll_concentration")),
    "flSP": NotHeld("voltage or concentration, as the unit says: without one kept among `unmapped_columns`"),
    "avgsvCM": NotHeld("mean over a cast so far: kept among `unmapped_columns`"),
    "ox": Ours(MAIN, "oxygen_concentration"),
    **dict.fromkeys(("obs3+", "obs", "obsscufa", "turbWETntu0", "seaTurbMtr", "upoly0"), Ours(MAIN, "turbidity")),
    "par": Ours(MAIN, "par_as_calibrated"),
    "par/log": Ours(MAIN, "downwelling_par"),
    "spar": Ours(MAIN, "surface_par"),
    **dict.fromkeys(("CStarTr0", "xmiss"), Ours(MAIN, "beam_transmission")),
    **dict.fromkeys(("CStarAt0", "bat"), Ours(MAIN, "beam_attenuation")),
    "altM": Ours(MAIN, "altimeter_height"),
    **dict.fromkeys(("descentrate", "dz/dtM"), Ours(MAIN, "descent_rate")),
    **dict.fromkeys(("LATITUDE", "latitude"), Ours(MAIN, "latitude")),
    **dict.fromkeys(("LONGITUDE", "longitude"), Ours(MAIN, "longitude")),
    "ph": Ours(MAIN, "ph_nbs"),
    "scan": Ours(MAIN, "scan_count"),
    "nbin": Ours(MAIN, "scans_per_bin"),
    **{f"v{channel}": Ours(MAIN, f"external_voltage_{channel}") for channel in range(8)},
    **{f"f{channel}": Ours(MAIN, f"frequency_channel_{channel}") for channel in range(5)},
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
