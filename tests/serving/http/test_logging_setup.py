"""The log on stderr, and the handler that gets every record."""

from __future__ import annotations

import io
import json
import logging
import time

from ctc.serving.http.logging_setup import PlainFormatter, log_to_stderr


def test_log_to_stderr_quiet_passes_all_records_to_the_extra_handler(capsys) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainFormatter())
    log = logging.getLogger("ctc.serving.models.registry")
    with log_to_stderr(as_json=False, quiet=True, extra_handler=handler):
        log.info("loaded version 2")
        log.warning("keeping the previous version")
    assert written.getvalue() == "loaded version 2\nwarning: keeping the previous version\n"
    assert capsys.readouterr().err == "warning: keeping the previous version\n"


def test_plain_formatter_escapes_control_characters() -> None:
    record = logging.makeLogRecord(
        {"levelno": logging.INFO, "msg": "no model called '\x1b[2J\x00ä'"}
    )
    assert PlainFormatter().format(record) == "no model called '\\x1b[2J\\x00ä'"


def test_json_formatter_formats_warnings_of_libraries(capsys) -> None:
    with log_to_stderr(as_json=True, quiet=False, extra_handler=logging.NullHandler()):
        logging.getLogger("asyncio").warning("out of sockets")
        logging.getLogger("python_multipart").warning("odd form")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "out of sockets"


def test_request_log_has_the_client_behind_a_local_proxy(server, caplog) -> None:
    caplog.set_level(logging.INFO, "ctc.serving.access")
    server.get("/healthz", x_forwarded_for="192.0.2.7")
    while not caplog.records:  # the log follows the response
        time.sleep(0.01)
    assert [record.fields["client"] for record in caplog.records] == ["192.0.2.7"]
