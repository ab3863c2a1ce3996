"""Names of commands, exit codes and environment variables that several modules of the command line
need. Imports nothing."""

from __future__ import annotations

FAILED, PARTLY_FAILED, INTERRUPTED, TERMINATED = 1, 3, 130, 143
"""Exit codes; 0 is success and 2, click's own, wrong usage."""

TOKEN_VARIABLE = "CTC_SERVE_TOKEN"
"""The environment variable with the bearer token of `ctc serve`."""

COMMANDS = {
    "inventory": "Find labelled photos and write down what is there.",
    "inventory show": "Tell what an inventory holds.",
    "inventory check": "Open every photo; list the missing, the broken and the copies.",
    "dataset": "Turn an inventory into TFRecord files.",
    "dataset preview": "Draw what augmentation does to the photos of a dataset.",
    "dataset verify": "Check every byte of a dataset.",
    "train": "Train a network on a dataset.",
    "export": "Turn a run into one model.onnx file.",
    "evaluate": "Say how good a model or a prediction file is, and what a person should look at.",
    "calibrate": "Make a model's probabilities mean what they say.",
    "predict": "Say which animals are on new photos.",
    "report": "Show predictions as one page: counts, activity, photos.",
    "serve": "Answer over HTTP: a page for people, an interface for programs.",
    "merge": "Unite the parts of a prediction that was split over machines.",
    "benchmark loaders": "Measure how many images per second each loader delivers.",
    "plugins": "List what is installed: formats, loaders, backbones and more.",
    "completion": "Make a shell complete commands, options and names.",
    "doctor": "Look at this machine: what is installed, what works, how fast.",
    "demo": "Go the whole way on photos drawn for the purpose.",
}
COMPLETE_VAR = "_CTC_COMPLETE"
"""The environment variable in which a shell asks for completions; click's own name for it."""

_PACKAGES = ("dataset", "inventory", "predict", "serve", "train")
_ELSEWHERE = {"merge": "predict.merge"}


def module_of(command: str) -> str:
    """The module that holds the command as `command`: "ctc.cli.commands.dataset.verify" of "dataset
    verify"."""
    first, _, second = command.partition(" ")
    if first in _PACKAGES:
        return f"ctc.cli.commands.{first}.{second or 'command'}"
    return f"ctc.cli.commands.{_ELSEWHERE.get(command, command.replace(' ', '_'))}"
