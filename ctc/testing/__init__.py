"""Contract checks for the tests of plugin authors, and a small dataset.

There is one check per kind of plugin, and one for how plugins are loaded. A check raises
AssertionError, with the expected and the actual value; it needs no test framework.
"""

from ctc.dataset.from_records import write_dataset
from ctc.testing.aggregations import check_aggregation
from ctc.testing.backbones import check_backbone
from ctc.testing.detectors import check_detector
from ctc.testing.engines import check_engine
from ctc.testing.formats import check_input_format
from ctc.testing.loaders import check_loader
from ctc.testing.outputs import check_output_format
from ctc.testing.plugins import check_plugin
from ctc.testing.tiny_dataset import TINY_SPLITS, build_dataset, corrupt_record

__all__ = [
    "TINY_SPLITS",
    "build_dataset",
    "check_aggregation",
    "check_backbone",
    "check_detector",
    "check_engine",
    "check_input_format",
    "check_loader",
    "check_output_format",
    "check_plugin",
    "corrupt_record",
    "write_dataset",
]
