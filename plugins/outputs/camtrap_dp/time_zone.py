"""The option `--time-zone` of the output formats."""

from __future__ import annotations

from ctc.plugin import Option

TIME_ZONE = Option(
    "time-zone",
    "Time zone of the cameras' clocks, which EXIF lacks: a name such as Europe/Berlin, "
    "or, as most cameras keep their clock in summer, an offset such as +01:00.",
    metavar="ZONE",
)
