"""ctc tag: from predictions to files that other programs read, and what it says of bad input."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from review_predictions import two_events_with_boxes, write_predictions
from tagged_photos import exiftool, jpeg, noise, write_photos

from ctc.cli.main import run
from ctc.images import decode

PHOTOS = ("a/1.jpg", "a/2.jpg", "b/1.jpg")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with `photos` and their predictions."""
    write_photos(tmp_path / "photos", *PHOTOS)
    write_predictions(tmp_path, ".json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tag(*words: str, source: str = "predictions.json") -> int:
    return run(["tag", source, "--image-root", "photos", *words])


def files_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def contents_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files_below(folder)}


def test_tag_copies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents_of(folder / "photos")
    assert tag("--copy-to", "tagged") == 0
    assert contents_of(folder / "photos") == before
    assert files_below(folder / "tagged") == set(PHOTOS)
    printed = capsys.readouterr()
    assert printed.out == "tagged\n"
    assert "3 photos, 0 without a keyword" in printed.err
    assert "        2  Species|fox" in printed.err
    found = exiftool(folder / "tagged/a/2.jpg")
    assert found["HierarchicalSubject"] == "Species|fox"
    assert found["Subject"] == found["Keywords"] == "fox"


def test_tag_copies_as_camtrapr_reads_them(folder: Path) -> None:
    """recordTable splits what `exiftool -t` prints at commas, then at '|', and drops blanks of the
    first level; of several levels it takes the last."""
    tag("--copy-to", "tagged", "--label", "species", "--label", "behaviour=Does what")
    exiftool(folder / "tagged/a/1.jpg")  # skips without it
    words = ["exiftool", "-q", "-f", "-t", "-r", "-HierarchicalSubject", "-ext", "JPG", "tagged/a"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = [line.partition("\t")[2].split(",") for line in done.stdout.splitlines()]
    split = [[text.removeprefix(" ").split("|") for text in texts] for texts in found]
    columns = [[(one[0].replace(" ", ""), one[-1]) for one in photo] for photo in split]
    assert columns == [[("Species", "fox"), ("Doeswhat", "eating"), ("Doeswhat", "resting")]] * 2


def test_tag_keeps_the_time_of_files(folder: Path) -> None:
    os.utime(folder / "photos/a/1.jpg", (1_500_000_000, 1_500_000_000))
    tag("--copy-to", "tagged")
    assert (folder / "tagged/a/1.jpg").stat().st_mtime == 1_500_000_000


def test_tag_sidecars(folder: Path) -> None:
    before = contents_of(folder / "photos")
    assert tag("--sidecars", "--label", "behaviour=Does", "--label", "species") == 0
    after = contents_of(folder / "photos")
    assert {name: after[name] for name in before} == before
    assert set(after) == {*PHOTOS, *(f"{name}.xmp" for name in PHOTOS)}
    found = exiftool(folder / "photos/a/1.jpg.xmp")
    assert found["HierarchicalSubject"] == ["Species|fox", "Does|eating", "Does|resting"]
    assert found["TagsList"] == ["Species/fox", "Does/eating", "Does/resting"]


def test_tag_sidecars_of_copies(folder: Path) -> None:
    assert tag("--sidecars", "--copy-to", "tagged") == 0
    copies = contents_of(folder / "tagged")
    assert {name: copies[name] for name in PHOTOS} == contents_of(folder / "photos")
    assert b"Species|fox" in copies["a/1.jpg.xmp"]


def test_tag_again_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("--copy-to", "tagged"), ("--sidecars",)):
        tag(*words)
        before = contents_of(folder)
        capsys.readouterr()
        assert tag(*words) == 0
        assert contents_of(folder) == before
        assert "0 written, 3 were there already" in capsys.readouterr().err


def test_tag_after_better_answers_replaces_its_own_keywords(folder: Path) -> None:
    sidecar = folder / "photos/a/1.jpg.xmp"
    tag("--sidecars")
    path = folder / "predictions.json"
    path.write_text(path.read_text().replace('{"species": "fox"', '{"species": "wolf"'))
    assert tag("--sidecars") == 0
    assert b"wolf" in sidecar.read_bytes()
    assert b"fox" not in sidecar.read_bytes()


def test_tag_refuses_to_replace_a_copy_that_differs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tagged/a").mkdir(parents=True)
    (folder / "tagged/a/1.jpg").write_bytes(b"mine")
    assert tag("--copy-to", "tagged", "--failures", "failures.csv") == 3
    assert (folder / "tagged/a/1.jpg").read_bytes() == b"mine"
    assert "'tagged/a/1.jpg' exists and differs: add --overwrite" in capsys.readouterr().err
    with (folder / "failures.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["path"].endswith("photos/a/1.jpg")
    assert tag("--copy-to", "tagged", "--overwrite") == 0
    assert b"Species|fox" in (folder / "tagged/a/1.jpg").read_bytes()


def test_tag_never_replaces_a_photo_behind_a_link(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "links/a").mkdir(parents=True)
    (folder / "links/b").mkdir()
    for name in PHOTOS:
        (folder / "links" / name).symlink_to(folder / "photos" / name)
    before = contents_of(folder / "photos")
    words = ("--image-root", "links", "--copy-to", "photos", "--overwrite")
    assert run(["tag", "predictions.json", *words]) == 3
    assert contents_of(folder / "photos") == before
    assert "'photos/a/1.jpg' is the photo itself" in capsys.readouterr().err


def test_tag_writes_sidecars_for_other_kinds(folder: Path) -> None:
    import cv2

    png = cv2.imencode(".png", noise())[1].tobytes()
    (folder / "photos/a/1.jpg").write_bytes(png)
    assert tag("--copy-to", "tagged") == 0
    assert (folder / "tagged/a/1.jpg").read_bytes() == png
    assert b"Species|fox" in (folder / "tagged/a/1.jpg.xmp").read_bytes()


def test_tag_makes_no_copy_of_what_is_no_photo(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "photos/a/1.jpg").write_bytes(b"root:x:0:0")
    assert tag("--copy-to", "tagged") == 3
    assert "a/1.jpg': not an image of a known kind" in capsys.readouterr().err
    assert not (folder / "tagged/a/1.jpg").exists()


def test_tag_lists_photos_and_sidecars_that_can_not_be_used(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "photos/a/1.jpg").unlink()
    (folder / "photos/a/2.jpg.xmp").write_text("<not xml")
    assert tag("--sidecars") == 3
    printed = capsys.readouterr().err
    assert "a/1.jpg': no such file or directory" in printed
    assert "a/2.jpg': its XMP data can't be read as XML" in printed
    assert (folder / "photos/a/2.jpg.xmp").read_text() == "<not xml"
    assert not (folder / "photos/a/1.jpg.xmp").exists()


def test_tag_dry_run_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents_of(folder)
    assert tag("--copy-to", "tagged", "--dry-run") == 0
    assert contents_of(folder) == before
    assert "Species|empty" in capsys.readouterr().err


def test_tag_blurs_boxes_and_removes_coordinates(folder: Path) -> None:
    write_predictions(folder, ".json", two_events_with_boxes())
    words = ("--blur", "animal", "--remove-gps", "--copy-to", "public")
    assert tag(*words) == 0
    found = exiftool(folder / "public/a/1.jpg")
    assert not [name for name in found if "GPS" in name]
    assert found["HierarchicalSubject"] == "Species|fox"
    pixels = decode((folder / "public/a/1.jpg").read_bytes())
    inside = pixels[50:70, 34:46].astype(int)
    assert inside.std() < noise().astype(int).std() / 2
    assert tag(*words) == 0


def test_tag_does_not_copy_a_clip_with_people(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("with.mp4", "without.mp4"):
        (folder / "photos" / name).write_bytes(b"clip")
    head = "id,label,prediction_top,confidence_top,predictions_all\n"
    rows = 'with.mp4#t=1,species,human,1,"{""a"": 1}"\nwithout.mp4#t=1,species,fox,1,"{""a"": 1}"\n'
    (folder / "clips.csv").write_text(head + rows)
    assert tag("--copy-to", "public", "--blur", "person", source="clips.csv") == 3
    assert files_below(folder / "public") == {"without.mp4", "without.mp4.xmp"}
    assert "with.mp4': it is a clip with something to blur" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say where keywords go: --copy-to DIR, or --sidecars"),
        (("--sidecars", "--blur", "human"), "--blur changes copies alone: add --copy-to DIR"),
        (("--sidecars", "--remove-gps"), "--remove-gps changes copies alone: add --copy-to DIR"),
        (("--sidecars", "--overwrite"), "--overwrite is for copies"),
        (("--copy-to", "x", "--blur", "wolff"), "no photo has the class 'wolff' to blur"),
        (("--copy-to", "photos"), "copies in 'photos' would be among the photos of '"),
        (("--copy-to", "photos/sub"), "copies in 'photos/sub' would be among the photos of '"),
        (("--copy-to", "photos/a/sub", "--dry-run"), "choose another --copy-to"),
        (("--copy-to", "x", "--blur-confidence", "0.5"), "is for --blur: add --blur CLASS"),
        (("--copy-to", "x", "--failures", "f.csv", "--dry-run"), "leave out --failures"),
        (("--copy-to", "x", "--failures", "predictions.json"), "is no list of failures, so it is"),
        (("--copy-to", "x", "--label", "what"), "there is no label 'what'"),
        (("--copy-to", "x", "--image-root", "a"), "no photo is there, such as 'a/a/1.jpg'"),
    ],
)
def test_tag_usage_errors(
    folder: Path, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents_of(folder)
    assert tag(*words) == 2
    assert message in capsys.readouterr().err
    assert contents_of(folder) == before


def test_tag_warns_of_people_that_nobody_saw(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tag("--copy-to", "public", "--blur", "human") == 0
    printed = capsys.readouterr().err
    assert "no photo has the class 'human': nothing is blurred for it" in printed
    assert "the source has no boxes: photos are blurred as a whole" in printed


def test_tag_warns_of_sidecars_that_digikam_prefers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tag("--sidecars", "--sidecar-name", "photo.xmp")
    assert (folder / "photos/a/1.xmp").exists()
    tag("--sidecars")
    assert "digiKam reads only that: add --sidecar-name photo.xmp" in capsys.readouterr().err


@pytest.mark.subprocess
@pytest.mark.slow
def test_tag_killed_leaves_whole_files_and_goes_on(folder: Path) -> None:
    names = [f"c/{number}.jpg" for number in range(120)]
    write_photos(folder / "photos", "c/0.jpg")
    for name in names[1:]:
        (folder / "photos" / name).write_bytes(jpeg())
    rows = [f'{name},species,fox,1,"{{""fox"": 1}}"\n' for name in names]
    head = "id,label,prediction_top,confidence_top,predictions_all\n"
    (folder / "many.csv").write_text(head + "".join(rows))
    words = ["tag", "many.csv", "--image-root", "photos", "--copy-to", "tagged", "--threads", "2"]
    with subprocess.Popen([sys.executable, "-m", "ctc", *words]) as process:
        while len(files_below(folder / "tagged")) < 20:
            assert process.poll() is None
        process.kill()
    for path in (folder / "tagged/c").glob("[0-9]*.jpg"):
        assert b"Species|fox" in path.read_bytes()
        decode(path.read_bytes())
    assert run(words) == 0
    assert files_below(folder / "tagged") == set(names)
