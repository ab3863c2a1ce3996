"""Commands, exit codes and environment variables of the command line. Imports nothing."""

from __future__ import annotations

FAILED, PARTLY_FAILED, INTERRUPTED, TERMINATED = 1, 3, 130, 143
"""Exit codes; 0 is success, and 2, click's own, a usage error."""

TOKEN_VARIABLE = "CTC_SERVE_TOKEN"
"""Environment variable with the bearer token of `ctc serve`."""
LISTS_VARIABLE = "CTC_MODEL_LISTS"
"""Environment variable with files and URLs of lists of models, separated by commas."""

COMMANDS = {
    "inventory": "Read labelled photos into an inventory.",
    "inventory show": "Summarise an inventory.",
    "inventory check": "Check every photo; list missing, broken and duplicate ones.",
    "inventory clocks": "Find clocks of cameras that were wrong.",
    "dataset": "Convert an inventory to TFRecord files.",
    "dataset preview": "Draw augmented photos of a dataset.",
    "dataset verify": "Check every byte of a dataset.",
    "train": "Train a network on a dataset.",
    "tune": "Search for the options of a training that suit a dataset.",
    "export": "Export a run to one model.onnx file.",
    "import": "Import a network of another program as a model file.",
    "probe": "Learn classes from the features of a network, in seconds.",
    "evaluate": "Evaluate a model or a prediction file, and list labels to review.",
    "calibrate": "Calibrate the probabilities of a model, and fit thresholds per class.",
    "detect": "Find animals, people and vehicles in photos.",
    "detect repeats": "Find boxes that come back: stones and branches.",
    "predict": "Predict the classes of new photos.",
    "report": "Write predictions as an HTML page: counts, activity, photos.",
    "summarize": "Summarize a study: records, effort, rates, activity.",
    "tag": "Write predictions as keywords into sidecars or copies of photos.",
    "review": "Review predictions in a browser, key by key, and keep every answer.",
    "review export": "Write the answers of a review as an inventory, or into predictions.",
    "label": "Name the animals in photos in a browser, without a model.",
    "serve": "Serve models over HTTP, with a web page and an API.",
    "merge": "Merge the parts of a run that was split over machines.",
    "embed": "Write the features of photos.",
    "neighbors": "Show the photos that are most like a photo.",
    "models": "Show the models that are here, and those that lists offer.",
    "models get": "Fetch a model of a list.",
    "benchmark loaders": "Measure the images per second of each data loader.",
    "plugins": "List the installed plugins: formats, loaders, backbones and more.",
    "completion": "Print a shell script that completes commands, options and names.",
    "doctor": "Check this installation and measure its speed.",
    "demo": "Run the full pipeline on synthetic photos.",
}
COMPLETE_VAR = "_CTC_COMPLETE"
"""Environment variable in which a shell asks for completions; the name is click's."""

_PACKAGES = ("dataset", "detect", "inventory", "models", "predict", "review", "serve", "train")
_ELSEWHERE = {"import": "import_model", "merge": "predict.merge"}


def module_of(command: str) -> str:
    """Return the name of a command's module: "ctc.cli.commands.dataset.verify"."""
    first, _, second = command.partition(" ")
    if first in _PACKAGES:
        return f"ctc.cli.commands.{first}.{second or 'command'}"
    return f"ctc.cli.commands.{_ELSEWHERE.get(command, command.replace(' ', '_'))}"
