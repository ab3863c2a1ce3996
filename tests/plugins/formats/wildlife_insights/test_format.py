"""Downloads of Wildlife Insights with the columns that real ones have."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run
from ctc.errors import InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins
from ctc.testing import check_input_format
from ctc_plugins.formats.wildlife_insights.photos import LOGIN, NOT_FOUND, SEVERAL
from ctc_plugins.formats.wildlife_insights.rows import BY_COMPUTER, NOT_IDENTIFIED

IMAGES = (
    "project_id,deployment_id,image_id,filename,location,is_blank,identified_by,wi_taxon_id,class,"
    "order,family,genus,species,common_name,uncertainty,timestamp,number_of_objects,age,sex,"
    "animal_recognizable,individual_id,individual_animal_notes,behavior,highlighted,markings,"
    "cv_confidence,license,bounding_boxes"
)
DEPLOYMENTS = (
    "project_id,deployment_id,placename,longitude,latitude,start_date,end_date,camera_id\n"
    "7,DEP1,site-a,-62.94,-8.57,2021-08-26 00:00:00,2022-01-19 00:00:00,c1\n"
    "7,DEP2,,,,2021-08-26 00:00:00,2022-01-19 00:00:00,c2\n"
)
JAGUAR = ("Mammalia", "Carnivora", "Felidae", "Panthera", "onca", "Jaguar")
BLANK = ("", "", "", "", "", "Blank")


def image(
    image_id: str,
    taxon: tuple[str, ...] = JAGUAR,
    deployment: str = "DEP1",
    by: str = "Ana",
    location: str = "gs://park_7__main/deployment/11/{}.jpg",
    filename: str = "IMG_0001.JPG",
    count: str = "1",
    who: str = "Unknown,Unknown",
    time: str = "2021-08-26 10:00:00",
) -> str:
    blank = "1" if taxon[-1] == "Blank" else "0"
    return (
        f"7,{deployment},{image_id},{filename},{location.format(image_id)},{blank},{by},t-1,"
        f"{','.join(taxon)},,{time},{count},{who},,,,,false,,,CC-BY,"
    )


def folder_of(
    tmp_path: Path, rows: Iterable[str], deployments: str | None = DEPLOYMENTS, **others: str
) -> Path:
    folder = tmp_path / "download"
    folder.mkdir()
    (folder / "images.csv").write_text("\n".join((IMAGES, *rows)) + "\n", encoding="utf-8")
    for name, text in {"deployments": deployments, **others}.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def read(source: Path, **options: Any) -> list[Observation | LeftOut]:
    given = {"names": "scientific", "with_computer_vision": False, "meta": (), "image_root": None}
    return list(plugins().get(InputFormat, "wildlife-insights").read(source, {**given, **options}))


def species(source: Path, **options: Any) -> list[str | None]:
    found = read(source, **options)
    return [one.labels["species"] if isinstance(one, Observation) else one.reason for one in found]


@pytest.mark.parametrize("kind", ["folder", "file", "zip", "nested zip"])
def test_wildlife_insights_passes_check_input_format(tmp_path: Path, kind: str) -> None:
    folder = folder_of(tmp_path, [image("id-1"), image("id-2", BLANK)])
    source = {"folder": folder, "file": folder / "images.csv"}.get(kind, tmp_path / "download.zip")
    if "zip" in kind:
        inside = {"root_dir": tmp_path, "base_dir": "download"} if "nested" in kind else {}
        shutil.make_archive(str(tmp_path / "download"), "zip", **(inside or {"root_dir": folder}))
    check_input_format(plugins().get(InputFormat, "wildlife-insights"), source)


def test_read_of_a_table_with_another_name_reads_it_once(tmp_path: Path) -> None:
    table = folder_of(tmp_path, [image("id-1")]) / "images.csv"
    assert species(table.rename(table.with_name("park.csv"))) == ["Panthera onca"]


def test_read_gives_labels_place_and_time(tmp_path: Path) -> None:
    rows = [image("id-1", count="2", who="Adult,Female"), image("id-2", BLANK, "DEP2")]
    first, second = read(folder_of(tmp_path, rows))
    assert first == Observation(
        "id-1",
        ("gs://park_7__main/deployment/11/id-1.jpg",),
        {"species": "Panthera onca", "count": "2", "sex": "female", "lifeStage": "adult"},
        {
            "deploymentID": "DEP1",
            "location": "site-a",
            "latitude": -8.57,
            "longitude": -62.94,
            "datetime": "2021-08-26T10:00:00",
        },
    )
    assert isinstance(second, Observation)
    assert second.labels == {"species": "empty", "count": None, "sex": None, "lifeStage": None}
    assert [second.meta[name] for name in ("location", "latitude")] == ["DEP2", None]


@pytest.mark.parametrize(
    ("taxon", "scientific", "common"),
    [
        (JAGUAR, "Panthera onca", "Jaguar"),
        (
            ("Mammalia", "Artiodactyla", "Suidae", "Sus", "scrofa scrofa", "Domestic Pig"),
            "Sus scrofa scrofa",
            "Domestic Pig",
        ),
        (
            ("Aves", "Columbiformes", "Columbidae", "Leptotila", "", "Leptotila Species"),
            "Leptotila",
            "Leptotila Species",
        ),
        (("Aves", "", "", "", "", "Bird"), "Aves", "Bird"),
        (("", "", "", "", "", "Animal"), "animal", "animal"),
        (BLANK, "empty", "empty"),
        (
            ("Mammalia", "Primates", "Hominidae", "Homo", "sapiens", "Human-Camera Trapper"),
            "human",
            "human",
        ),
        (("", "", "", "", "", "Vehicle"), "vehicle", "vehicle"),
        (("", "", "", "", "", "Setup_Pickup"), "Setup_Pickup", "Setup_Pickup"),
        (("No CV Result",) * 6, NOT_IDENTIFIED, NOT_IDENTIFIED),
        (("", "", "", "", "", "Unknown"), NOT_IDENTIFIED, NOT_IDENTIFIED),
    ],
)
def test_species_is_the_name_of_the_lowest_rank(
    tmp_path: Path, taxon: tuple[str, ...], scientific: str, common: str
) -> None:
    folder = folder_of(tmp_path, [image("id-1", taxon)])
    assert species(folder) == [scientific]
    assert species(folder, names="common") == [common]


def test_identifications_by_computer_vision_are_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [image("id-1", by="Computer vision"), image("id-2")])
    assert species(folder) == [BY_COMPUTER, "Panthera onca"]
    assert species(folder, with_computer_vision=True) == ["Panthera onca"] * 2


def test_images_of_a_sequence_are_an_event_with_its_identifications(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    columns = (
        "project_id,deployment_id,image_id,filename,sequence_id,location,wi_taxon_id,class,order,"
        "family,genus,species,common_name,timestamp,bounding_boxes"
    )
    sequences = (
        "project_id,deployment_id,sequence_id,is_blank,identified_by,wi_taxon_id,class,order,"
        "family,genus,species,common_name,uncertainty,start_time,end_time,group_size,age,sex\n"
        "7,DEP1,seq-1,0,Ana,,Mammalia,Carnivora,Felidae,Panthera,onca,Jaguar,,,,2,,\n"
        "7,DEP1,seq-1,0,Ana,,Mammalia,Perissodactyla,Tapiridae,Tapirus,terrestris,Tapir,,,,1,,\n"
        "7,DEP2,seq-2,1,Ana,,,,,,,,,,,,,\n"
    )
    folder = folder_of(tmp_path, [], sequences=sequences)
    rows = [
        "7,DEP1,a,1.jpg,seq-1,gs://park/a.jpg,,,,,,,,2021-08-26 10:00:00,",
        "7,DEP1,b,2.jpg,seq-1,gs://park/b.jpg,,,,,,,,2021-08-26 10:00:05,",
    ]
    more = ["7,DEP2,c,1.jpg,seq-2,gs://park/c.jpg,,,,,,,,2021-08-27 10:00:00,"]
    (folder / "images.csv").unlink()
    for name, part in {"images_1": rows, "images_2": more}.items():
        (folder / f"{name}.csv").write_text("\n".join((columns, *part)) + "\n")
    output = tmp_path / "i.parquet"
    assert run(["inventory", str(folder), "--output", str(output)]) == 0
    found = [
        (row["event_id"], row["images"], row["species"], row["count"], row["datetime"])
        for row in pq.read_table(output).to_pylist()
    ]
    pair, time = ["gs://park/a.jpg", "gs://park/b.jpg"], "2021-08-26T10:00:00"
    assert found == [
        ("seq-1", pair, "Panthera onca", "2", time),
        ("seq-1", pair, "Tapirus terrestris", "1", time),
        ("seq-2", ["gs://park/c.jpg"], "empty", None, "2021-08-27T10:00:00"),
    ]


def test_tables_for_an_upload_name_sequences_otherwise(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [])
    (folder / "images.csv").write_text(
        "deployment_id,image_id,location,genus,species,common_name,external_sequence_id\n"
        "DEP1,a.jpg,a.jpg,Vulpes,vulpes,,event-1\nDEP1,b.jpg,b.jpg,Vulpes,vulpes,,event-1\n"
    )
    found = [one for one in read(folder) if isinstance(one, Observation)]
    assert [(one.event_id, one.images, one.labels) for one in found] == [
        ("event-1", ("a.jpg",), {"species": "Vulpes vulpes"}),
        ("event-1", ("b.jpg",), {"species": "Vulpes vulpes"}),
    ]


def test_photos_are_found_below_the_image_root(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    for name in ("DEP1/IMG_0001.JPG", "site-b/IMG_0001.JPG", "x/id-3.jpg", "y/IMG_7.JPG"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name, "JPEG")
    page = "https://app.wildlifeinsights.org/download/1/project/7/data-files/{}"
    folder = folder_of(
        tmp_path,
        [
            image("id-1", location=page),
            image("id-2", deployment="DEP2"),
            image("id-3", filename="gone.jpg", location=page),
            image("id-4", filename="IMG_7.JPG"),
            image("id-5", filename="gone.jpg"),
            image("id-6", deployment="DEP3"),
        ],
        DEPLOYMENTS.replace("DEP2,,", "DEP2,site-b,"),
    )
    found = [
        one.images[0] if isinstance(one, Observation) else one.reason
        for one in read(folder, image_root=root)
    ]
    assert found == [
        "DEP1/IMG_0001.JPG",
        "site-b/IMG_0001.JPG",
        "x/id-3.jpg",
        "y/IMG_7.JPG",
        NOT_FOUND,
        SEVERAL,
    ]
    assert [one.reason for one in read(folder) if isinstance(one, LeftOut)] == [LOGIN] * 2


def test_files_without_a_location_are_relative_to_the_tables(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [image("id-1", location="", filename="DEP1\\a.jpg")])
    (found,) = read(folder)
    assert isinstance(found, Observation)
    assert found.images == ("DEP1/a.jpg",)


def test_odd_deployments_and_times_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = DEPLOYMENTS.replace("-8.57", "8° 34' S")
    rows = [image("id-1", time="8/26/2021 10:00"), image("id-2", deployment="DEP9")]
    folder = folder_of(tmp_path, rows, odd)
    with caplog.at_level("WARNING", "ctc"):
        first, second = read(folder)
    assert isinstance(first, Observation)
    assert isinstance(second, Observation)
    assert (first.meta["latitude"], first.meta["datetime"]) == (None, None)
    assert second.meta["location"] == "DEP9"
    deployment, degrees, time = caplog.messages
    assert deployment == (
        "1 deployment without a row in deployments.csv ('DEP9'): the location is the deployment_id,"
        " without degrees"
    )
    assert degrees == (
        "1 deployment whose latitude or longitude is no number of degrees (first: 'DEP1'): read "
        "without"
    )
    assert time == (
        "1 row whose timestamp is not written as Wildlife Insights does (first: '8/26/2021 10:00'):"
        " --time-from timestamp reads other ways"
    )


def test_numbers_that_are_no_counts_are_missing_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = ("2", "3.0", "1e3", "nan", "1e400", "-2", "0.5", "1234567890")
    rows = [image(f"id-{number}", count=count) for number, count in enumerate(counts)]
    with caplog.at_level("WARNING", "ctc"):
        found = read(folder_of(tmp_path, rows))
    assert [one.labels["count"] for one in found if isinstance(one, Observation)] == [
        *("2", "3", "1000"),
        *[None] * 5,
    ]
    (note,) = caplog.messages
    assert note == "5 counts that are no number of individuals (first: 'nan'): read as missing"


def test_unusable_sources_say_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not exist: give the images\.csv"):
        read(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"has no images\.csv: give the folder or the zip"):
        read(tmp_path)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK")
    with pytest.raises(InputError, match="can't be read as a zip"):
        read(broken)
    folder = folder_of(tmp_path, [])
    (folder / "images.csv").write_text("deployment_id,image_id\n")
    with pytest.raises(InputError, match="has no column 'common_name', which images"):
        read(folder)


def test_a_zip_of_two_downloads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a/images.csv", "b/images.csv", "__MACOSX/a/images.csv"):
            archive.writestr(name, f"{IMAGES}\n{image('id-1')}\n")
    with pytest.raises(InputError, match=r"has more than one 'images\.csv': give one of them"):
        read(path)


def test_inventory_recognizes_a_download_and_finds_its_photos(tmp_path: Path) -> None:
    root = tmp_path / "photos" / "DEP1"
    root.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(root / "IMG_0001.JPG")
    folder = folder_of(tmp_path, [image("id-1")])
    output = tmp_path / "i.parquet"
    options = ["--image-root", str(root.parent), "--meta", "license", "--output", str(output)]
    assert run(["inventory", str(folder), *options]) == 0
    (row,) = Inventory.read(output).table.to_pylist()
    assert (row["images"], row["license"]) == (["DEP1/IMG_0001.JPG"], "CC-BY")
