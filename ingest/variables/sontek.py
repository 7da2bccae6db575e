"""Quantities of SonTek's current profilers and velocimeters."""

from ingest.vocabulary import counted, measured

ROWS = (
    counted("velocity_standard_deviation", "Standard deviation of the mean velocity, by component", "uint8", "mm s-1"),
    measured("transducer_temperature_standard_deviation", "degree_Celsius",
             "Standard deviation of the temperature at the transducer in an ensemble", None, 1e-3, 0.0, 45.0, 1e-2),
    measured("boundary_range", "m", "Distance to the nearest boundary found by each beam", None,
             1e-4, 0.0, 100.0, 1e-3),
    measured("resolving_velocity", "m s-1", "Velocity along each beam by the short lag that resolves ambiguity", None,
             1e-4, -33.0, 33.0, 1e-3),
    counted("resolving_correlation", "Correlation of each beam at the lag that resolves ambiguity", "uint8", "percent"),
    counted("pings_averaged", "Pings averaged into the profile"),
    counted("mean_echo_intensity", "Echo, mean of the beams, counts", "uint8"),
    counted("mean_correlation", "Correlation of echoes, mean of the beams", "uint8", "percent"),
    measured("probe_boundary_distance", "m", "Distance from the probe to the boundary at the start of the burst", None,
             1e-4, 0.0, 5.0, 1e-4),
    measured("volume_boundary_distance", "m",
             "Distance from the sampled volume to the boundary at the start of the burst", None, 1e-4, 0.0, 5.0, 1e-4),
    counted("external_pressure_counts", "External pressure sensor: millidecibars or millihertz, by the sensor's kind"),
)  # fmt: skip
