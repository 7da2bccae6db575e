"""What is made of the velocities of current meters and profilers."""

from ingest.vocabulary import counted, measured

ROWS = (
    # name, units, long name, CF standard name, step, valid min, valid max, resolution
    counted("velocity_solution", "From how many beams the velocity was solved: 4, 3, or 0 without a solution", "uint8"),
    measured("sound_speed_ratio", "1", "Speed of sound in the water over that which the instrument computed with", None,
             1e-6, 0.8, 1.2, 1e-5),
    measured("magnetic_declination", "degree", "Angle of magnetic north from true north, clockwise", None,
             1e-4, -180.0, 180.0, 1e-2),
    measured("height_above_seafloor", "m", "Height above the seafloor", "height_above_sea_floor",
             1e-3, -12000.0, 12000.0, 1e-2),
)  # fmt: skip
