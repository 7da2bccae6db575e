"""Calls of our own of another package's QC functions, with flags of ioos_qc 3.0.0, where recorded cases are silent."""

VARIATIONS = [
    {
        "test": "reversed bounds",
        "function": "qartod.gross_range_test",
        "inputs": {
            "inp": [2.0, 7.0, 9.5, 12.0, 20.0],
            "fail_span": {"__tuple__": [15, 3]},
            "suspect_span": {"__tuple__": [10, 5]},
        },
        "expected": {"flags": [4, 1, 1, 3, 4]},
    },
    {
        "test": "a masked value",
        "function": "qartod.gross_range_test",
        "inputs": {
            "inp": {
                "__masked__": 1,
                "dtype": "float64",
                "shape": [3],
                "data": [-999.0, 7.0, 9.5],
                "mask": [True, False, False],
            },
            "fail_span": {"__tuple__": [3, 15]},
        },
        "expected": {"flags": [4, 1, 1]},
    },
    {
        "test": "a bound reached exactly",
        "function": "qartod.rate_of_change_test",
        "inputs": {
            "inp": [0, 17, 7, 2, 13],
            "tinp": [1420070400, 1420070460, 1420070520, 1420070580, 1420070640],
            "threshold": 0.08333333333333333,
        },
        "expected": {"flags": [1, 3, 3, 1, 3]},
    },
    {
        "test": "after an infinity",
        "function": "qartod.rate_of_change_test",
        "inputs": {
            "inp": [4.0, {"__float__": "inf"}, 5.0, 30.0],
            "tinp": [1420070400, 1420074000, 1420077600, 1420081200],
            "threshold": 0.001,
        },
        "expected": {"flags": [1, 9, 3, 3]},
    },
    {
        "test": "missing in a short record",
        "function": "qartod.flat_line_test",
        "inputs": {
            "inp": [None, 3.0],
            "tinp": [1420070400, 1420074000],
            "suspect_threshold": 7200,
            "fail_threshold": 14400,
        },
        "expected": {"flags": [1, 1]},
    },
    {
        "test": "deviation of one value",
        "function": "qartod.attenuated_signal_test",
        "inputs": {
            "inp": [1.0, 1.1, 3.7, 2.9, 1.0],
            "tinp": [1420070400, 1420074000, 1420077600, 1420081200, 1420084800],
            "suspect_threshold": 0.75,
            "fail_threshold": 0.5,
            "test_period": 7200,
            "min_obs": None,
            "min_period": None,
            "check_type": "std",
        },
        "expected": {"flags": [4, 4, 1, 4, 1]},
    },
    {
        "test": "fewest values without a window",
        "function": "qartod.attenuated_signal_test",
        "inputs": {
            "inp": [1.3, 0.1],
            "tinp": [1420070400, 1420074000],
            "suspect_threshold": 1,
            "fail_threshold": 0.5,
            "test_period": None,
            "min_obs": None,
            "min_period": 10800,
            "check_type": "std",
        },
        "expected": {"flags": [3, 3]},
    },
    {
        "test": "a range over a missing value",
        "function": "qartod.attenuated_signal_test",
        "inputs": {
            "inp": [2.4, None, 0.9, 1.6, 1.0],
            "tinp": [1420070400, 1420074000, 1420077600, 1420081200, 1420084800],
            "suspect_threshold": 2,
            "fail_threshold": 1,
            "test_period": 7200,
            "min_obs": None,
            "min_period": None,
            "check_type": "range",
        },
        "expected": {"flags": [4, 9, 2, 4, 4]},
    },
    {
        "test": "a cast up",
        "function": "argo.pressure_increasing_test",
        "inputs": {"inp": [30.0, 20.0, 21.0, 12.0, 12.0, 5.0]},
        "expected": {"flags": [1, 1, 3, 1, 3, 1]},
    },
    {
        "test": "a cast that turns back",
        "function": "argo.pressure_increasing_test",
        "inputs": {"inp": [2.0, 6.0, 4.0, 5.0, 7.0]},
        "expected": {"flags": [1, 1, 3, 1, 1]},
    },
    {
        "test": "a missing position",
        "function": "argo.speed_test",
        "inputs": {
            "lon": [None, -71.0, -71.0, None, -71.2, -71.2],
            "lat": [41.0, 41.01, 41.3, 41.3, 41.3, 41.302],
            "tinp": [1420070400, 1420074000, 1420077600, 1420081200, 1420084800, 1420088400],
            "suspect_threshold": 1,
            "fail_threshold": 3,
        },
        "expected": {"flags": [2, 9, 4, 9, 9, 1]},
    },
    {
        "test": "missing densities",
        "function": "qartod.density_inversion_test",
        "inputs": {
            "inp": [1025.0, None, 1025.1, 1025.0, 1025.2],
            "zinp": [0, 1, 2, 3, 4],
            "suspect_threshold": -0.01,
            "fail_threshold": -0.03,
        },
        "expected": {"flags": [1, 9, 9, 4, 1]},
    },
    {
        "test": "missing in no season",
        "function": "qartod.climatology_test",
        "inputs": {
            "config": {
                "__clim__": [
                    {
                        "tspan": {"__tuple__": [9, 11]},
                        "vspan": {"__tuple__": [5, 12]},
                        "fspan": None,
                        "zspan": None,
                        "period": "month",
                    }
                ]
            },
            "inp": [None, 3.0, 8.0, None],
            "tinp": [1317816000, 1321272000, 1324728000, 1328184000],
            "zinp": [None, None, None, None],
        },
        "expected": {"flags": [1, 3, 2, 1]},
    },
    {
        "test": "unknown depth",
        "function": "qartod.climatology_test",
        "inputs": {
            "config": {
                "__clim__": [
                    {
                        "tspan": {"__tuple__": [1, 4]},
                        "vspan": {"__tuple__": [8, 15]},
                        "fspan": {"__tuple__": [3, 18]},
                        "zspan": {"__tuple__": [10, 100]},
                        "period": "quarter",
                    }
                ]
            },
            "inp": [10.0, 10.0, 16.0, 2.0],
            "tinp": [1317816000, 1321272000, 1324728000, 1328184000],
            "zinp": [None, 50.0, 50.0, None],
        },
        "expected": {"flags": [1, 1, 3, 4]},
    },
    {
        "test": "steps on a sphere",
        "function": "qartod.location_test",
        "inputs": {
            "lon": [-71.05, -71.06, -80.0],
            "lat": [41.0, 41.02, 45.05],
            "range_max": 2376.0,
            "range_method": "haversine",
        },
        "expected": {"flags": [1, 3, 3]},
    },
    {
        "test": "the same steps on an ellipsoid",
        "function": "qartod.location_test",
        "inputs": {
            "lon": [-71.05, -71.06, -80.0],
            "lat": [41.0, 41.02, 45.05],
            "range_max": 2376.0,
            "range_method": "wgs84",
        },
        "expected": {"flags": [1, 1, 3]},
    },
    {
        "test": "half a position in an area",
        "function": "qartod.location_bounds_test",
        "inputs": {
            "lon": [-75.0, None, -60.0],
            "lat": [25.0, 25.0, 25.0],
            "shape": {"__tuple__": [{"__tuple__": [-78, 21]}, {"__tuple__": [-72, 23]}, {"__tuple__": [-74, 29]}]},
        },
        "expected": {"flags": [1, 9, 4]},
    },
    {
        "test": "usual percentiles",
        "function": "qartod.percentile_range_test",
        "inputs": {
            "inp": [
                0.0,
                1.0,
                2.0,
                3.0,
                4.0,
                5.0,
                6.0,
                7.0,
                8.0,
                9.0,
                10.0,
                11.0,
                12.0,
                13.0,
                14.0,
                15.0,
                16.0,
                17.0,
                18.0,
                19.0,
            ]
        },
        "expected": {"flags": [3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3]},
    },
    {
        "test": "an empty message",
        "function": "qartod.syntax_test",
        "inputs": {"inp": ["", "abcd"], "nchar": 4, "lentype": "char", "delimiter": None},
        "expected": {"flags": [4, 1]},
    },
]
