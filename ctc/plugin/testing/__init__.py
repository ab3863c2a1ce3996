"""For the tests of plugin authors: one check per kind of plugin, and a small dataset to work on.

A check raises AssertionError, saying what was expected and what came; it needs no test framework.
"""

from ctc.plugin.testing.loaders import check_loader
from ctc.plugin.testing.tiny_dataset import TINY_SPLITS, build_dataset, damage, write_dataset

__all__ = ["TINY_SPLITS", "build_dataset", "check_loader", "damage", "write_dataset"]
