import json

import pytest

from ctc.errors import InputError, UsageError
from ctc.model_import.metadata.class_file import read_class_file

TIMM = """{"architecture": "x", "num_features": 1, "label_names": ["n1", "n2"],
"label_descriptions": {"n1": "red fox", "n2": "roe deer"}}"""
UUID = "f1856211-cfb7-4a5b-9158-c0f72fd09ee6"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "red fox\nroe deer\n"),
        ("a.txt", "\ufeffred fox\r\nroe deer\r\n\r\n"),
        ("a.csv", "class\nred fox\nroe deer\n"),
        ("a.csv", "id,class\n1,roe deer\n0,red fox\n"),
        ("a.csv", "id;species\n2;roe deer\n1;red fox\n"),
        ("a.csv", "Code,Class\nRF,red fox\nRD,roe deer\n"),
        ("a.json", '["red fox", "roe deer"]'),
        ("a.json", '{"1": "roe deer", "0": "red fox"}'),
        ("a.json", '{"roe deer": 1, "red fox": 0}'),
        ("a.json", '{"model_type": "vit", "id2label": {"0": "red fox", "1": "roe deer"}}'),
        ("a.json", '{"birder_version": "1", "class_to_idx": {"roe deer": 1, "red fox": 0}}'),
        ("a.json", TIMM),
    ],
)
def test_classes_are_read_in_the_order_of_the_output(tmp_path, name, content) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read_class_file(path).classes == ("red fox", "roe deer")


def test_names_with_commas_stay_whole_in_a_text_file(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("tench, Tinca tinca\ngoldfish\n")
    assert read_class_file(path).classes == ("tench, Tinca tinca", "goldfish")


def test_utf_16_is_read(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("märder\nlynx\n", encoding="utf-16")
    assert read_class_file(path).classes == ("märder", "lynx")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "fox\n\ndeer\n", "line 2 of '.*a.txt' is empty"),
        ("a.txt", "\n\n", "holds 0 classes: write one per line"),
        ("a.csv", "id,animal\n0,fox\n", "has no column 'class' among id, animal"),
        ("a.csv", "id,class\n0,fox\n2,deer\n", "there is no number 1, or one twice"),
        ("a.csv", "id,class\n0,fox\n0,deer\n", "has a class number twice"),
        ("a.csv", "class,x\n,1\n", "row 1 of '.*a.csv' has no 'class'"),
        ("a.json", "{", r"is not JSON \(line 1, column 2\)"),
        ("a.json", "[1, 2]", "is not a list of names"),
        ("a.json", '{"fox": "x"}', "are not numbered from 0"),
        ("a.json", "3", "neither a list nor an object"),
        ("a.json", "[" * 100_000, "nested too deeply"),
    ],
)
def test_list_with_a_gap_or_fault_is_refused(tmp_path, name, content, message) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_class_file(path)


def test_missing_list_is_named(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"--classes '.*none.txt' is not there"):
        read_class_file(tmp_path / "none.txt")


def test_labels_of_speciesnet_give_names_and_ranks(tmp_path) -> None:
    path = tmp_path / "labels.txt"
    lines = [
        "mammalia;carnivora;canidae;vulpes;vulpes;red fox",
        "mammalia;rodentia;muridae;mus;musculus;mouse",
        "mammalia;rodentia;muridae;mus;minutoides;mouse",
        "mammalia;rodentia;muridae;;;muridae family",
        ";;;;;blank",
        "aves;;;;;",
    ]
    path.write_text("".join(f"{UUID};{line}\n" for line in lines))
    found = read_class_file(path)
    assert found.classes == (
        "red fox",
        "mus musculus",
        "mus minutoides",
        "muridae family",
        "blank",
        "aves",
    )
    assert found.taxonomy["red fox"] == {
        "class": "mammalia",
        "order": "carnivora",
        "family": "canidae",
        "genus": "vulpes",
        "species": "vulpes",
        "common_name": "red fox",
    }
    assert found.taxonomy["blank"] == {"common_name": "blank"}
    path.write_text(f"{UUID};a;b;c;d;e;f\n{UUID};a;b;c\n")
    with pytest.raises(InputError, match=r"line 2 .* it has 4 fields"):
        read_class_file(path)


def test_json_of_hugging_face_with_placeholders_names_nothing(tmp_path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "vit", "id2label": {"0": "LABEL_0"}}))
    with pytest.raises(InputError, match="are not numbered"):
        read_class_file(path)
