"""Sea-Bird's formats: headers, names, hexadecimal layouts, the tide and wave recorder."""
