"""Ground truth joined to predictions by photo path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError
from ctc.evaluation.answers.ground_truth import JoinedData, join_ground_truth
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate

CLASSES = ("fox", "wolf")
PHOTOS = ("n/1.jpg", "n/2.jpg", "s/1.jpg", "s/2.jpg", "s/3.jpg")
SHARES = (0.9, 0.4, 0.2, 0.3, 0.7)
"""Probability of fox, by photo."""


def mean(photos):
    return {label: np.mean([photo[label] for photo in photos], axis=0) for label in photos[0]}


def mean_of_photos(photos, _classes):
    return mean([photo.probabilities for photo in photos])


@pytest.fixture
def truth() -> Inventory:
    """Two events of two photos, one without predictions, and no event for the last of PHOTOS."""
    columns = {
        "event_id": ["north", "south", "west"],
        "images": [["n/1.jpg", "n/2.jpg"], ["s/1.jpg", "s/2.jpg"], ["w/1.jpg"]],
        "species": ["fox", "wolf", "fox"],
        "location": ["N", "S", "W"],
    }
    return Inventory(pa.table(columns), ("species",), Path("/photos"))


@pytest.fixture
def joined(make_data, truth) -> Callable[..., JoinedData]:
    """A function that joins the truth to predictions of PHOTOS, each a separate event."""

    def join(folder: str, inventory: Inventory = truth) -> JoinedData:
        ids = tuple(f"{folder}{photo}" for photo in PHOTOS)
        data = make_data([], [(share, 1 - share) for share in SHARES], CLASSES, event_ids=ids)
        unpathed = UnitPredictions(data.events.event, ("",) * len(ids), data.events.probabilities)
        return join_ground_truth(
            EvaluationData(**{**vars(data), "events": unpathed, "truth": {}}),
            inventory,
            "location",
            mean_of_photos,
        )

    return join


def test_match_by_photo_groups_photos_by_events_of_the_truth(joined) -> None:
    data = joined("/photos/").data
    assert data.event_ids == ("north", "south", "/photos/s/3.jpg")
    assert data.truth["species"].tolist() == [0, 1, -1]
    assert data.events.probabilities["species"][:, 0] == pytest.approx([0.65, 0.25, 0.7])
    assert (data.photos.event.tolist(), data.photos.paths[1]) == (
        [0, 0, 1, 1, 2],
        "/photos/n/2.jpg",
    )
    assert [data.locations[number] for number in data.location.tolist()[:2]] == ["N", "S"]
    units = evaluate(data, EvaluationContext()).labels["species"].units
    assert {unit: (one.n, one.top_1.value) for unit, one in units.items()} == {
        "event": (2, 1.0),
        "photo": (4, 0.75),
    }


def test_match_by_photo_notes_matches_and_omissions(joined) -> None:
    joins, left_out, unpredicted = joined("/photos/").notes
    assert joins == (
        "no event id is in both, so events are matched by photo path: 4 of 5 predicted photos are"
        " in 2 of 3 events of the ground truth, which group the photos differently: metrics per"
        " photo use the predictions as they are, metrics per event those combined by --aggregation"
    )
    assert (
        left_out
        == "1 predicted event has no ground truth and is not counted, such as '/photos/s/3.jpg'"
    )
    assert unpredicted == "1 event of the ground truth has no prediction, such as 'west'"


@pytest.mark.parametrize("folder", ["", "./", "../photos/", "\\photos\\"])
def test_match_by_photo_resolves_relative_paths_and_separators(
    joined, tmp_path, monkeypatch, folder
) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path / "photos")
    root = Path("/photos") if folder.startswith("\\") else tmp_path / "photos"
    columns = {"event_id": ["north"], "images": [["n/1.jpg", "n/2.jpg"]], "species": ["fox"]}
    found = joined(folder, Inventory(pa.table(columns), ("species",), root))
    assert "2 of 5 predicted photos are in 1 of 1 event of" in found.notes[0]


def test_match_by_photo_resolves_symbolic_links(joined, truth, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos", target_is_directory=True)
    found = joined(
        f"{tmp_path / 'link'}/", Inventory(truth.table, truth.labels, tmp_path / "photos")
    )
    assert "4 of 5 predicted photos" in found.notes[0]


def test_match_by_photo_keeps_predictions_of_identical_events(make_data, truth) -> None:
    """The file has the same events under other ids, in another order."""
    event = np.array([0, 0, 1, 1], np.int32)
    photos = UnitPredictions(
        event,
        ("s/1.jpg", "s/2.jpg", "n/1.jpg", "n/2.jpg"),
        {"species": np.full((4, 2), 0.5, np.float32)},
    )
    data = make_data([], [(0.1, 0.9), (0.8, 0.2)], CLASSES, photos=photos)
    found = join_ground_truth(data, truth, "location", mean_of_photos)
    assert found.data.event_ids == ("south", "north")
    assert found.data.events.probabilities["species"][:, 0] == pytest.approx([0.1, 0.8])
    assert found.notes[0].endswith(
        "4 of 4 predicted photos are in 2 of 3 events of the ground truth"
    )


def test_match_by_photo_without_match_names_both_sides_and_next_step(joined) -> None:
    with pytest.raises(InputError) as caught:
        joined("/disk/moved/")
    assert str(caught.value) == (
        "none of the 5 predicted events is among the 3 events of the ground truth, nor are their"
        " photos: predictions have ids such as '/disk/moved/n/1.jpg', the ground truth such as"
        " 'north', with photos such as '/photos/n/1.jpg'; with --image-root '/disk/moved' 4 photos"
        " match"
    )


def test_match_by_photo_with_suggested_image_root_matches(joined, truth) -> None:
    found = joined("/disk/moved/", Inventory(truth.table, truth.labels, Path("/disk/moved")))
    assert "4 of 5 predicted photos" in found.notes[0]
