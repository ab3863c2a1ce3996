"""What is logged: lines on stderr, and all of it to another handler."""

from __future__ import annotations

import io
import json
import logging

from ctc.serving.http.logging_setup import PlainFormatter, log_to_stderr


def test_a_quiet_server_still_tells_everything_to_the_other_handler(capsys) -> None:
    told = io.StringIO()
    other = logging.StreamHandler(told)
    other.setFormatter(PlainFormatter())
    log = logging.getLogger("ctc.serving.models.registry")
    with log_to_stderr(as_json=False, quiet=True, also=other):
        log.info("served anew")
        log.warning("goes on as it was")
    assert told.getvalue() == "served anew\nwarning: goes on as it was\n"
    assert capsys.readouterr().err == "warning: goes on as it was\n"


def test_what_a_stranger_wrote_can_not_steer_a_terminal() -> None:
    record = logging.makeLogRecord(
        {"levelno": logging.INFO, "msg": "no model called '\x1b[2J\x00ä'"}
    )
    assert PlainFormatter().format(record) == "no model called '\\x1b[2J\\x00ä'"


def test_libraries_warn_through_the_same_lines(capsys) -> None:
    with log_to_stderr(as_json=True, quiet=False, also=logging.NullHandler()):
        logging.getLogger("asyncio").warning("out of sockets")
        logging.getLogger("python_multipart").warning("odd form")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "out of sockets"


def test_the_log_names_the_client_that_a_proxy_on_this_machine_tells_of(server, caplog) -> None:
    caplog.set_level(logging.INFO, "ctc.serving.access")
    server.get("/healthz", x_forwarded_for="192.0.2.7")
    assert [record.fields["client"] for record in caplog.records] == ["192.0.2.7"]
