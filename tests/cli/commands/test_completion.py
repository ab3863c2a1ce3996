"""Completions of `ctc`, requested by a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ctc.cli.main import run

BASH = shutil.which("bash")
ASK = """
compopt() { :; }  # works in a real completion only
eval "$(ctc completion bash)"
complete -p ctc
for line in "$@"; do
    COMP_WORDS=($line) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    [[ $line == *" " ]] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
    _ctc_completion ctc
    echo "${COMPREPLY[*]}"
done
"""
LINES = {
    "ctc pre": "predict",
    "ctc inventory sh": "show",
    "ctc inventory fol": "folders",
    "ctc dataset ver": "verify",
    "ctc dataset ": "",  # files
    "ctc benchmark ": "loaders",
    "ctc dataset verify --max": "--max-faults",
    "ctc predict m p --aggregation me": "mean",
    "ctc predict m p --output p.csv --provider open": "openvino",
    "ctc train d --backbone resnet1": "resnet101 resnet152 resnet18",
    "ctc dataset preview d --loader tf": "tfdata",
    "ctc predict m p --format camtrap-dp-": "camtrap-dp-zip",
    "ctc predict m p --engine lo": "local",
    "ctc nonsense ": "",
}


@pytest.mark.slow
@pytest.mark.subprocess
@pytest.mark.skipif(BASH is None, reason="needs bash")
def test_completion_bash_completes_commands_options_and_plugin_names() -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [str(BASH), "--norc", "-c", ASK, "bash", *LINES]
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    registered, *answers = done.stdout.splitlines()
    assert registered.endswith("_ctc_completion ctc")
    assert dict(zip(LINES, answers, strict=True)) == LINES
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_script_of_other_shells_calls_ctc(capsys, shell: str) -> None:
    assert run(["completion", shell]) == 0
    assert f"_CTC_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_completion_rejects_unknown_shell(capsys) -> None:
    assert run(["completion", "bsah"]) == 2
    assert capsys.readouterr().err == (
        "error: invalid value for 'SHELL': 'bsah' is not one of 'bash', 'zsh', 'fish': did "
        "you mean 'bash'?\n"
    )
