"""Current meters and profilers: pure geometry of beams, attitude, cells, and the earth's magnetic field."""
