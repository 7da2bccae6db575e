"""Nortek's formats: records, layouts and clocks of AD2CP and of the classic instruments."""
