"""The Kubernetes files of docs/docker.md: they parse, and fit the commands that they run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from ctc.cli.main import ctc
from ctc.cli.registry import PARTLY_FAILED

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra docs")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "docker.md"


def documents(name: str) -> list[Any]:
    """Return the YAML documents that the page saves as `name`."""
    pattern = rf"<!-- save as: {re.escape(name)} -->\n```yaml\n(.*?)```"
    (text,) = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return list(yaml.safe_load_all(text))


def parse(words: list[str]) -> dict[str, Any]:
    """Return the options of a command, as `ctc` parses them."""
    root = click.Context(ctc, info_name="ctc")
    _, command, rest = ctc.resolve_command(root, words)
    assert command is not None
    return command.make_context(words[0], rest, parent=root).params


def container(document: Any) -> Any:
    (found,) = document["spec"]["template"]["spec"]["containers"]
    return found


def test_deployment_serves_and_is_probed_where_the_server_answers() -> None:
    deployment, service = documents("serve.yaml")
    ours = container(deployment)
    given = parse(ours["args"])
    assert given["port"] == ours["ports"][0]["containerPort"]
    assert given["grace"] < deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    probes = {name: one["httpGet"]["path"] for name, one in ours.items() if "Probe" in name}
    assert probes == {
        "startupProbe": "/readyz",
        "readinessProbe": "/readyz",
        "livenessProbe": "/healthz",
    }
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    assert service["spec"]["ports"][0]["targetPort"] == ours["ports"][0]["name"]
    volumes = {one["name"] for one in deployment["spec"]["template"]["spec"]["volumes"]}
    assert {one["name"] for one in ours["volumeMounts"]} == volumes


def test_indexed_job_predicts_every_shard() -> None:
    (job,) = documents("predict.yaml")
    assert (job["spec"]["completionMode"], job["spec"]["completions"]) == ("Indexed", 16)
    (script,) = container(job)["args"]
    for index in (0, 15):
        line = script.replace("$((JOB_COMPLETION_INDEX + 1))", str(index + 1))
        given = parse(shlex.split(line.removeprefix("exec ctc ")))
        assert given["shard"] == f"{index + 1}/{job['spec']['completions']}"
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [2, PARTLY_FAILED]
    assert rule["onExitCodes"]["containerName"] == container(job)["name"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
