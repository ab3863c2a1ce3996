"""`ctc evaluate` ends with a report."""

from __future__ import annotations

from ctc.cli.main import run


def test_the_report_shows_the_photos_of_the_dataset_and_the_model_card(
    build_model, colour_dataset, read_page, tmp_path, capsys
) -> None:
    arguments = ["evaluate", str(build_model()), str(colour_dataset.folder), "--output", str(tmp_path / "evaluation")]
    assert run(arguments) == 0
    written = tmp_path / "evaluation" / "report.html"
    page = read_page(written)
    assert (page.unmatched, "no picture here" in page.text) == ([], False)
    assert page.all("img", "alt")[0].startswith("test/")
    for part in ("'model.onnx'", "Takes photos of 24 × 16 pixels (stretch)", "The same per photo (96 photos"):
        assert part in page.text
    assert str(written) in capsys.readouterr().err
