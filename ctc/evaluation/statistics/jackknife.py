"""Cluster jackknife: intervals of figures that are no proportions, such as means over classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.exact import CONFIDENCE, Float64Array, Int64Array

MAX_GROUPS = 1_000

Scale = Literal["share", "positive"]
"""A figure from 0 to 1, whose interval is symmetric in log odds; or above 0, in logarithms."""


@dataclass(frozen=True)
class ClusterJackknife:
    """The figures without each cluster tell how much they vary (Wolter 2007, chapter 4).

    With more than MAX_GROUPS clusters, random groups of them are left out instead of single ones.
    `group` (N,): of each observation. `degrees`: of freedom, for Student's distribution; those of
    as many clusters of equal size as would have the same spread of sizes (Kish 1965).
    """

    group: Int64Array
    groups: int
    degrees: float

    @classmethod
    def from_clusters(cls, cluster: NDArray[np.integer]) -> ClusterJackknife:
        """Group the observations, always in the same way; `cluster` (N,): of each."""
        distinct, position = np.unique(cluster, return_inverse=True)
        groups = min(len(distinct), MAX_GROUPS)
        numbers = np.arange(len(distinct))
        if groups < len(distinct):
            numbers = np.random.default_rng(0).permutation(len(distinct)) % groups
        group = numbers[position]
        shares = np.bincount(group, minlength=groups) / max(len(group), 1)
        return cls(group, groups, max(1 / float((shares**2).sum()) - 1, 1) if groups else 0)

    def counts(
        self, cell: Int64Array, cells: int, rows: NDArray[np.integer | np.bool_] | None = None
    ) -> Float64Array:
        """Count the observations in each cell without each group, (groups, cells).

        `cell` is the cell of each of the observations `rows`, all by default.
        """
        group = self.group if rows is None else self.group[rows]
        table = np.bincount(group * cells + cell, minlength=self.groups * cells)
        table = table.reshape(self.groups, cells)
        return np.asarray(table.sum(axis=0) - table, np.float64)

    def means(self, values: Float64Array) -> Float64Array:
        """Return the mean of `values` (N,) without each group, (groups,)."""
        sums = np.bincount(self.group, values, self.groups)
        sizes = np.bincount(self.group, minlength=self.groups)
        with np.errstate(invalid="ignore"):
            return np.asarray((sums.sum() - sums) / (sizes.sum() - sizes))

    def interval(
        self, value: float, left_out: Float64Array, scale: Scale = "share"
    ) -> tuple[float, float]:
        """Return both ends of the interval of `value`; `left_out` (groups,): without each group.

        Student's, on a scale without ends. NaN where the figures tell nothing of how it varies:
        fewer than two groups, none without one of them (NaN), all equal, or at an end of the scale.
        """
        from scipy.special import stdtrit

        inside = 0 < value < (1 if scale == "share" else np.inf)
        if self.groups < 2 or not inside:
            return float("nan"), float("nan")
        variance = float(((left_out - value) ** 2).sum()) * (self.groups - 1) / self.groups
        if not variance > 0:
            return float("nan"), float("nan")
        half = float(stdtrit(self.degrees, (1 + CONFIDENCE) / 2)) * variance**0.5
        if scale == "positive":
            factor = np.exp(half / value)
            return float(value / factor), float(value * factor)
        odds, factor = value / (1 - value), np.exp(min(half / (value * (1 - value)), 700.0))
        return float(odds / (odds + factor)), float(odds / (odds + 1 / factor))
