"""Files that another program's library or layout frames: NetCDF, HDF5, MAT, SQLite, SPC."""
