"""`--update` where it can't be done as asked, and beside other options of a run."""

from __future__ import annotations

from pathlib import Path

from changing_photos import change_photos, run_ctc


def test_update_refuses_another_model_and_options_unless_told_to_overwrite(
    model, build_model, photos, tmp_path, capsys
) -> None:
    output, other = tmp_path / "p.csv", build_model("other.onnx", bias=1.0)
    run_ctc("predict", model, photos, "--output", output, "--update", output)
    update = ["--output", output, "--update", output]
    for arguments, difference in (
        ([other, photos, *update], "another model"),
        ([model, photos, *update, "--aggregation", "max"], "--aggregation mean"),
    ):
        assert run_ctc("predict", *arguments) == 2
        assert f"'{output}' was made with {difference}: use the same" in capsys.readouterr().err
    assert run_ctc("predict", other, photos, *update, "--overwrite") == 3
    told = capsys.readouterr().err
    assert f"nothing is taken over from '{output}', made with another model" in told
    assert "taken over" not in told.splitlines()[-1]


def test_update_refuses_an_output_without_answers(model, photos, tmp_path, capsys) -> None:
    output, other = tmp_path / "p.csv", tmp_path / "q.csv"
    run_ctc("predict", model, photos, "--output", output)
    assert not Path(f"{output}.answers").exists()
    assert run_ctc("predict", model, photos, "--output", output, "--update", output) == 2
    assert "keeps: add --overwrite to predict everything once more" in capsys.readouterr().err
    assert run_ctc("predict", model, photos, "--output", other, "--update", output) == 2
    told = capsys.readouterr().err
    assert f"error: '{output}' can't be updated without 'p.csv.answers' beside it" in told
    assert not other.exists()


def test_update_refuses_damaged_answers(model, photos, tmp_path, capsys) -> None:
    output, answers = tmp_path / "p.csv", tmp_path / "p.csv.answers"
    run_ctc("predict", model, photos, "--output", output, "--update", output)
    answers.write_bytes(answers.read_bytes()[:-40])
    capsys.readouterr()
    assert run_ctc("predict", model, photos, "--output", output, "--update", output) == 1
    assert f"error: '{answers}' is damaged: delete it, and predict" in capsys.readouterr().err


def test_update_keeps_the_answers_when_nothing_can_be_predicted(
    model, photos, tmp_path, capsys
) -> None:
    output, answers = tmp_path / "p.csv", tmp_path / "p.csv.answers"
    run_ctc("predict", model, photos, "--output", output, "--update", output)
    kept = answers.read_bytes()
    for path in (photos / "a").glob("*.jpg"):
        path.write_bytes(b"no photo")
    assert run_ctc("predict", model, photos, "--output", output, "--update", output) == 1
    assert answers.read_bytes() == kept


def test_update_of_a_dataset_is_refused(build_model, tiny_dataset, tmp_path, capsys) -> None:
    model, folder = build_model("features.onnx", features=True), tiny_dataset().folder
    output = tmp_path / "e.parquet"
    assert run_ctc("embed", model, folder, "--output", output, "--update", output) == 2
    assert "--update is not for a dataset: leave it out" in capsys.readouterr().err


def test_dry_run_counts_what_is_taken_over(model, photos, tmp_path, capsys) -> None:
    update = ["--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv"]
    run_ctc("predict", model, photos, *update)
    change_photos(photos)
    capsys.readouterr()
    assert run_ctc("predict", model, photos, *update, "--dry-run") == 0
    assert "photos   9, and 17 taken over: about " in capsys.readouterr().out


def test_update_with_resume_updates_a_complete_output(model, photos, tmp_path, capsys) -> None:
    update = ["--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv", "--resume"]
    run_ctc("predict", model, photos, *update)
    change_photos(photos)
    assert run_ctc("predict", model, photos, *update) == 0
    assert "from 26 photos: 9 in " in capsys.readouterr().err
