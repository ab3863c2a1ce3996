"""Output formats: kinds of prediction files.

The formats `csv` and `json` are in `csv_table` and `json_document`, so that no module has the name
of one in the standard library.
"""
