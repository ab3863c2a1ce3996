"""Surveys of Camtrap DP packages: which observations, times and group sizes an event has."""

from __future__ import annotations

import gzip
import json
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.camtrap_dp.survey import NO_ERROR, is_camtrap_dp, read_camtrap_dp_survey
from ctc.ecology.survey import Survey
from ctc.errors import CtcError
from ctc.storage.paths import parse_path

DEPLOYMENTS = (
    "deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd\n"
    "d1,north,48.5,11,2024-04-01T00:00:00Z,2024-04-11T00:00:00Z\n"
)
MEDIA = "mediaID,deploymentID,timestamp,filePath,filePublic,fileMediatype,eventID\n"
OBSERVATIONS = (
    "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,"
    "observationType,scientificName,count,bboxX,bboxY,bboxWidth,bboxHeight,"
    "classificationMethod,classificationProbability,classifiedBy\n"
)
START = "2024-04-02T06:00:00Z"


def photo(name: str, second: int, event: str = "") -> str:
    """Return a photo whose camera's clock is two hours ahead of UTC."""
    return f"{name},d1,2024-04-02T08:00:{second:02}+02:00,{name}.jpg,true,image/jpeg,{event}\n"


def row(number: int, media: str = "", event: str = "", last: int = 9, **cells: str) -> str:
    """Return an observation of the event from 06:00:00 to 06:00:`last`, or of a photo."""
    level = "media" if media else "event"
    name, count = cells.get("name", "Lepus"), cells.get("count", "")
    kind, method = cells.get("kind", "animal"), cells.get("method", "human")
    end = f"2024-04-02T06:00:{last:02}Z"
    box = cells.get("box", ",,,")
    share = "0.8" if method == "machine" else ""
    cells_before = f"o{number},d1,{media},{event},{START},{end},{level},{kind},{name},{count}"
    return f"{cells_before},{box},{method},{share},{cells.get('by', '')}\n"


def write(folder: Path, media: str, observations: str) -> Path:
    tables = {
        "deployments": DEPLOYMENTS,
        "media": MEDIA + media,
        "observations": OBSERVATIONS + observations,
    }
    folder.mkdir(exist_ok=True, parents=True)
    for name, text in tables.items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    resources = [{"name": name, "path": f"{name}.csv.gz"} for name in tables]
    (folder / "datapackage.json").write_text(json.dumps({"resources": resources}))
    return folder


def told(survey: Survey) -> list[tuple[str, str, str, int]]:
    """Return event, time, answer and individuals of each answer."""
    events, answers = survey.events, survey.answers
    return [
        (events.ids[at].as_py(), str(events.time[at])[11:], answers.names[species], count)
        for at, species, count in zip(
            answers.event.tolist(), answers.species.tolist(), answers.count.tolist(), strict=True
        )
    ]


@pytest.fixture
def read(tmp_path: Path):
    """A function that reads the package of these rows."""
    return lambda media, rows: read_camtrap_dp_survey(write(tmp_path, media, rows), SummaryConfig())


def test_event_has_the_time_of_its_first_photo(read) -> None:
    survey = read(photo("b", 7) + photo("a", 3), row(1, event="e1"))
    assert told(survey) == [("e1", "08:00:03", "Lepus", 1)]
    assert survey.events.zone.tolist() == [120]
    assert str(survey.deployments.start[0]) == "2024-04-01T02:00:00"


def test_event_without_photos_has_its_start_in_the_clock_of_its_deployment(read) -> None:
    assert told(read(photo("later", 59), row(1, event="e1"))) == [("e1", "08:00:00", "Lepus", 1)]


def test_times_are_those_of_a_clock_that_changes_to_summer_time(tmp_path: Path) -> None:
    table = DEPLOYMENTS.replace("2024-04-01T00:00:00Z", "2024-03-30T10:00:00+01:00")
    table = table.replace("2024-04-11T00:00:00Z", "2024-04-02T08:30:00+02:00")
    winter = photo("a", 1).replace("2024-04-02T08:00:01+02:00", "2024-03-30T11:00:00+01:00")
    rows = row(1, media="a") + row(2, media="b")
    package = write(tmp_path, winter + photo("b", 2), rows)
    (package / "deployments.csv.gz").write_bytes(gzip.compress(table.encode()))
    survey = read_camtrap_dp_survey(package, SummaryConfig())
    assert [str(one) for one in survey.events.time] == [
        "2024-03-30T11:00:00",
        "2024-04-02T08:00:02",
    ]
    assert str(survey.deployments.start[0]) == "2024-03-30T10:00:00"
    assert str(survey.deployments.end[0]) == "2024-04-02T08:30:00"


def test_photos_before_a_clock_is_set_back_are_in_their_deployment(tmp_path: Path) -> None:
    table = DEPLOYMENTS.replace("2024-04-11T00:00:00Z", "2024-10-27T02:20:00+01:00")
    before = photo("a", 1).replace("2024-04-02T08:00:01+02:00", "2024-10-27T02:50:00+02:00")
    after = photo("b", 1).replace("2024-04-02T08:00:01+02:00", "2024-10-27T02:10:00+01:00")
    package = write(tmp_path, before + after, row(1, media="a") + row(2, media="b"))
    (package / "deployments.csv.gz").write_bytes(gzip.compress(table.encode()))
    deployments = read_camtrap_dp_survey(package, SummaryConfig()).deployments
    assert str(deployments.end[0]) == "2024-10-27T02:20:00"
    assert str(deployments.until[0]) == "2024-10-27T02:50:00"


def test_observation_of_a_photo_belongs_to_the_event_around_it(read) -> None:
    rows = row(1, event="long", last=30) + row(2, event="short") + row(3, media="a", count="4")
    survey = read(photo("a", 5), rows)
    assert [(event, count) for event, _, _, count in told(survey)] == [("long", 1), ("short", 4)]


def test_observation_of_a_photo_alone_is_an_event(read) -> None:
    assert told(read(photo("a", 40), row(1, media="a"))) == [("media a", "08:00:40", "Lepus", 1)]


def test_group_size_is_the_sum_of_an_event_and_the_most_of_a_photo(read) -> None:
    rows = row(1, event="e1", count="2") + row(2, event="e1", count="3")
    rows += row(3, event="e1", name="Meles")
    for number, media in enumerate("aab", 4):
        rows += row(number, media=media, event="e1", name="Meles", box="0.1,0.1,0.2,0.2")
    found = told(read(photo("a", 1) + photo("b", 2), rows))
    assert [answer[2:] for answer in found] == [("Lepus", 5), ("Meles", 2)]


def test_people_come_before_machines(read) -> None:
    rows = row(1, event="e1", name="Meles", method="machine") + row(2, event="e1")
    survey = read(photo("a", 1), rows)
    assert told(survey) == [("e1", "08:00:01", "Lepus", 1)]
    assert survey.events.probabilities is None


def test_machines_have_no_error_without_the_probabilities_of_other_classes(read) -> None:
    rows = row(1, event="e1") + row(2, event="e2", method="machine")
    survey = read(photo("a", 1), rows)
    assert [answer[2:] for answer in told(survey)] == [("Lepus", 1), ("Lepus", 1)]
    assert survey.events.probabilities is None
    assert survey.warnings == (NO_ERROR,)


def test_event_is_identified_by_those_whose_answers_count(read) -> None:
    rows = row(1, event="e1", by="Ann") + row(2, event="e1", by="Bo")
    rows += row(3, event="e1", method="machine", by="model 1") + row(4, event="e2")
    assert read(photo("a", 1), rows).events.identified_by.to_pylist() == ["Ann | Bo", ""]


def test_empty_photos_do_not_make_an_event_of_an_animal_empty(read) -> None:
    rows = row(1, media="a", event="e1", kind="blank") + row(2, media="b", event="e1")
    rows += row(3, media="c", event="e2", kind="blank")
    photos = photo("a", 1) + photo("b", 2) + photo("c", 3)
    assert [answer[::2] for answer in told(read(photos, rows))] == [
        ("e1", "Lepus"),
        ("e2", "blank"),
    ]


def test_rows_of_an_unknown_level_are_told(read) -> None:
    survey = read(photo("a", 1), row(1, event="e1") + row(2, event="e1").replace(",event,", ",x,"))
    assert survey.warnings == (
        "1 observation is left out: observationLevel 'x' is neither 'media' nor 'event'",
    )


def test_observation_of_an_unknown_deployment(read) -> None:
    with pytest.raises(CtcError, match=r"line 2: deployment 'd9' is not among the deployments"):
        read(photo("a", 1), row(1, event="e1").replace("d1", "d9"))


def test_coordinates_that_can_not_be_read_are_told(tmp_path: Path) -> None:
    package = write(tmp_path, photo("a", 1), row(1, event="e1"))
    table = DEPLOYMENTS.replace("48.5", "999").encode()
    (package / "deployments.csv.gz").write_bytes(gzip.compress(table))
    survey = read_camtrap_dp_survey(package, SummaryConfig())
    assert survey.warnings[0].startswith("1 coordinate is no degrees, and left out (first: ")
    assert survey.deployments.longitude.tolist() == [11]


def test_deployments_without_times_have_those_of_their_photos(tmp_path: Path) -> None:
    rows = row(1, event="e1") + row(2, event="e2").replace("d1", "d2")
    package = write(tmp_path, photo("a", 1) + photo("b", 2), rows)
    table = DEPLOYMENTS.partition("\n")[0] + "\nd1,north,,,,\nd2,south,,,,\n"
    (package / "deployments.csv.gz").write_bytes(gzip.compress(table.encode()))
    survey = read_camtrap_dp_survey(package, SummaryConfig())
    assert [str(time[0])[11:] for time in (survey.deployments.start, survey.deployments.end)] == [
        "08:00:01",
        "08:00:02",
    ]
    assert survey.events.stations == ("north", "south")
    assert survey.warnings[0] == (
        "2 deployments have no start or no end, and that of the photos is taken, if there is one"
        " (first: 'd1')"
    )


def test_deployments_with_the_times_of_their_photos_are_told(tmp_path: Path) -> None:
    package = write(tmp_path, photo("a", 1) + photo("b", 2), row(1, event="e1"))
    times = ("2024-04-02T06:00:01Z", "2024-04-02T06:00:02Z")
    table = DEPLOYMENTS.replace("2024-04-01T00:00:00Z", times[0])
    table = table.replace("2024-04-11T00:00:00Z", times[1])
    (package / "deployments.csv.gz").write_bytes(gzip.compress(table.encode()))
    (warning,) = read_camtrap_dp_survey(package, SummaryConfig()).warnings
    assert warning.startswith(
        "all deployments start with their first and end with their last photo"
    )


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_package_in_a_zip_and_at_a_url_is_that_of_the_folder(tmp_path: Path) -> None:
    package = write(tmp_path / "p", photo("a", 1), row(1, event="e1"))
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in package.iterdir():
            archive.write(file, f"survey/{file.name}")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{web.server_port}/{name}" for name in ("p", "p.zip")]
        for source in (tmp_path / "p.zip", *map(parse_path, urls)):
            assert is_camtrap_dp(source)
            assert told(read_camtrap_dp_survey(source, SummaryConfig())) == [
                ("e1", "08:00:01", "Lepus", 1)
            ]
        web.shutdown()
