from __future__ import annotations

from pathlib import Path

from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin import OutputContext, OutputFormat


def test_output_context_describes_the_run(model, draw, tmp_path, plugins_with) -> None:
    photo = draw("photos/red.png")
    contexts = []

    def write(entries, path: Path, context: OutputContext) -> None:
        list(entries)
        path.touch()
        contexts.append(context)

    loaded = plugins_with(OutputFormat("other", "", (".other",), write))
    run = prepare_run(PredictConfig(model, (photo,), tmp_path / "p.other"), loaded)
    run.run(lambda done, failed: None)
    assert contexts == [run.context]
    (context,) = contexts
    assert (context.model, context.image_root, context.options) == ("model.onnx", photo.parent, {})
    assert context.labels == {"species": ("fox", "wolf"), "count": ("1", "2+")}
    assert str(context.created.tzinfo) == "UTC"


def test_write_output_accepts_a_folder(model, draw, tmp_path, folder_format) -> None:
    output = tmp_path / "p.folder"
    prepare_run(PredictConfig(model, (draw("red.png"),), output), folder_format).run(
        lambda done, failed: None
    )
    assert (output / "seen").read_text() == "1"
