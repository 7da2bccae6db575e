"""SonTek's formats: ADP and ADV."""
