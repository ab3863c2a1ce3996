"""CPU cores under quotas of control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc import hardware


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def own_cgroups(tmp_path: Path) -> Path:
    return tmp_path / "self"


def test_cpu_quota_of_version_2_is_the_smallest_on_the_way_up(
    tmp_path: Path, own_cgroups: Path
) -> None:
    write(own_cgroups, "0::/kubepods/pod1/container\n")
    write(tmp_path / "fs/kubepods/pod1/container/cpu.max", "max 100000\n")
    write(tmp_path / "fs/kubepods/pod1/cpu.max", "150000 100000\n")
    write(tmp_path / "fs/kubepods/cpu.max", "800000 100000\n")
    assert hardware.cpu_quota(tmp_path / "fs", own_cgroups) == 1.5


def test_cpu_quota_in_a_container_is_read_at_the_mount(tmp_path: Path, own_cgroups: Path) -> None:
    write(own_cgroups, "0::/../../docker/abc\n")
    write(tmp_path / "fs/cpu.max", "400000 100000\n")
    assert hardware.cpu_quota(tmp_path / "fs", own_cgroups) == 4.0


def test_cpu_quota_of_version_1(tmp_path: Path, own_cgroups: Path) -> None:
    write(own_cgroups, "12:memory:/a\n4:cpu,cpuacct:/a\n")
    write(tmp_path / "fs/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n")
    write(tmp_path / "fs/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n")
    assert hardware.cpu_quota(tmp_path / "fs", own_cgroups) == 2.5


@pytest.mark.parametrize("text", ["max 100000\n", "-1 100000\n", "", "nonsense\n"])
def test_cpu_quota_without_a_limit_is_none(tmp_path: Path, own_cgroups: Path, text: str) -> None:
    write(own_cgroups, "0::/a\n")
    write(tmp_path / "fs/a/cpu.max", text)
    assert hardware.cpu_quota(tmp_path / "fs", own_cgroups) is None


def test_cpu_quota_without_control_groups_is_none(tmp_path: Path) -> None:
    assert hardware.cpu_quota(tmp_path, tmp_path / "missing") is None


def test_usable_cores_rounds_a_quota_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware.os, "sched_getaffinity", lambda _: set(range(128)))
    monkeypatch.setattr(hardware, "cpu_quota", lambda: 15.2)
    assert hardware.usable_cores() == 16


def test_usable_cores_are_never_more_than_the_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware.os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(hardware, "cpu_quota", lambda: 16.0)
    assert hardware.usable_cores() == 2
