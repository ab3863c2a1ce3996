"""What is logged: lines on stderr, and all of it to another handler."""

from __future__ import annotations

import io
import logging

from ctc.serving.log_lines import PlainLines, log_to_stderr


def test_a_quiet_server_still_tells_everything_to_the_other_handler(capsys) -> None:
    told = io.StringIO()
    other = logging.StreamHandler(told)
    other.setFormatter(PlainLines())
    log = logging.getLogger("ctc.serving.models")
    with log_to_stderr(as_json=False, quiet=True, also=other):
        log.info("served anew")
        log.warning("goes on as it was")
    assert told.getvalue() == "served anew\nwarning: goes on as it was\n"
    assert capsys.readouterr().err == "warning: goes on as it was\n"
