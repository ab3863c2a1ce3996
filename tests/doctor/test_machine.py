"""Description of the machine."""

from __future__ import annotations

from ctc.doctor.machine import memory, processor, system, versions


def test_machine_findings_describe_this_machine() -> None:
    assert [one().check for one in (versions, system)] == ["ctc", "system"]
    assert processor().values["usable_cores"] <= processor().values["cores"]
    assert 10**8 < memory().values["usable_bytes"] <= memory().values["bytes"]
