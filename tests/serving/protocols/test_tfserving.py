"""TensorFlow Serving's REST API."""

from __future__ import annotations

from base64 import b64encode

import pytest

from ctc.plugin import Aggregation

RED, BLUE = (255, 0, 0), (0, 0, 255)
SURE = 0.9275  # 1 / (1 + exp(-2.55)), of a JPEG's red


def instance(data: bytes, **more: object) -> dict[str, object]:
    return {"image": {"b64": b64encode(data).decode()}, **more}


def tops(reply) -> dict[str, str]:
    """Return the most probable species of each event."""
    return {event["id"]: event["labels"]["species"]["class"] for event in reply.json["predictions"]}


def test_tfserving_returns_classes_and_probabilities_per_instance(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(RED)), instance(jpeg(BLUE))]})
    assert (reply.status, tops(reply)) == (200, {"0": "fox", "1": "wolf"})
    species = reply.json["predictions"][0]["labels"]["species"]
    assert (
        species["confidence"] == species["probabilities"]["fox"] == pytest.approx(SURE, abs=0.002)
    )
    assert sum(species["probabilities"].values()) == pytest.approx(1)


def test_tfserving_returns_exif_data(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(taken="2016:09:25 18:35:10"))]})
    (photo,) = reply.json["predictions"][0]["photos"]
    assert (photo["name"], photo["taken"], photo["camera"], photo["latitude"]) == (
        "0",
        "2016-09-25T18:35:10",
        None,
        None,
    )


def test_tfserving_accepts_the_short_form_and_a_signature_name(server, jpeg) -> None:
    photo = {"b64": b64encode(jpeg(BLUE)).decode()}
    reply = server.predict({"signature_name": "serving_default", "instances": [photo]})
    assert tops(reply) == {"0": "wolf"}


def test_tfserving_aggregates_photos_of_an_event(server, jpeg) -> None:
    photos = [
        instance(jpeg(RED), event="e1"),
        instance(jpeg(BLUE)),
        instance(jpeg(BLUE), event="e1"),
    ]
    first, second = server.predict({"instances": photos}).json["predictions"]
    assert (first["id"], len(first["photos"]), second["id"]) == ("e1", 2, "1")
    assert first["labels"]["species"]["probabilities"]["fox"] == pytest.approx(0.5, abs=0.002)


def test_tfserving_accepts_a_number_as_event_id(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(), event=7), instance(jpeg(), event=7)]})
    assert tops(reply) == {"7": "fox"}


def test_tfserving_separates_event_ids_from_instance_numbers(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(RED), event="1"), instance(jpeg(BLUE))]})
    assert [event["labels"]["species"]["class"] for event in reply.json["predictions"]] == [
        "fox",
        "wolf",
    ]


def test_tfserving_returns_arrays_on_request(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(RED))]}, "?answers=arrays")
    (row,) = reply.json["predictions"]
    assert list(row) == ["species", "count"]
    assert row["species"] == pytest.approx([SURE, 1 - SURE], abs=0.002)


def test_tfserving_arrays_of_a_single_label_have_no_name(
    serve, write_model, jpeg, tmp_path
) -> None:
    one = write_model(tmp_path / "model.onnx", {"species": ("fox", "wolf")})
    reply = serve({"model": one}).predict({"instances": [instance(jpeg(RED))]}, "?answers=arrays")
    assert reply.json["predictions"] == [pytest.approx([SURE, 1 - SURE], abs=0.002)]


def test_tfserving_lists_failures_with_predictions(server, jpeg) -> None:
    reply = server.predict(
        {
            "instances": [
                instance(jpeg(), event="e"),
                instance(b"no photo", event="e"),
                instance(b"?"),
            ]
        }
    )
    first, second = reply.json["predictions"]
    reason = "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"
    assert (reply.status, len(first["photos"]), first["failures"]) == (
        200,
        1,
        [{"name": "1", "reason": reason}],
    )
    assert (second["labels"], second["failures"]) == ({}, [{"name": "2", "reason": reason}])


@pytest.mark.parametrize(("query", "good"), [("", False), ("?answers=arrays", True)])
def test_tfserving_refuses_when_the_format_has_no_place_for_failures(
    server, jpeg, query: str, good: bool
) -> None:
    photos = [instance(jpeg())] * good + [instance(b"no photo")]
    reply = server.predict({"instances": photos}, query)
    assert reply.status == 422
    assert reply.error.startswith(
        f"photo '{len(photos) - 1}' can't be used: not an image of a known kind"
    )


def test_app_logs_server_side_errors_without_showing_them(serve, jpeg, caplog) -> None:
    broken = Aggregation("broken", "fails", lambda values: values[0][:1])
    reply = serve(aggregation=broken).send_photo(jpeg())
    assert (reply.status, reply.error) == (500, "the model can't be run: see the log of the server")
    assert "aggregation 'broken'" in caplog.text


def test_tfserving_status_has_state_and_labels(server) -> None:
    said = server.get("/v1/models/model").json
    assert said["model_version_status"] == [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
    assert said["metadata"]["labels"] == {"species": ["fox", "wolf"], "count": ["1", "2+"]}


def test_tfserving_metadata_names_inputs_and_outputs(server) -> None:
    said = server.get("/v1/models/model/metadata").json
    signature = said["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert said["model_spec"] == {"name": "model", "signature_name": "", "version": "1"}
    assert (list(signature["inputs"]), list(signature["outputs"])) == (
        ["image"],
        ["species", "count"],
    )


def test_v1_models_are_listed_and_addressed_by_name(serve, write_model, jpeg, tmp_path) -> None:
    birds = write_model(tmp_path / "b.onnx", {"bird": ("crow", "owl")})
    several = serve({"one": write_model(tmp_path / "a.onnx"), "two words": birds})
    assert [model["name"] for model in several.get("/v1/models").json["models"]] == [
        "one",
        "two words",
    ]
    reply = several.ask("POST", "/v1/models/two%20words:predict", jpeg(), content_type="image/jpeg")
    assert reply.json["predictions"][0]["labels"]["bird"]["class"] == "crow"


def test_tfserving_returns_unknown_below_the_threshold(serve, jpeg) -> None:
    reply = serve(threshold=0.95).predict({"instances": [instance(jpeg(RED))]})
    species = reply.json["predictions"][0]["labels"]["species"]
    assert (species["class"], species["confidence"]) == ("unknown", pytest.approx(SURE, abs=0.002))


def test_tfserving_returns_only_classes_of_the_class_list(serve, jpeg, tmp_path) -> None:
    listed = tmp_path / "classes.txt"
    listed.write_text("wolf\n")
    reply = serve(class_list=listed).predict({"instances": [instance(jpeg(RED))]})
    assert reply.json["predictions"][0]["labels"]["species"]["probabilities"] == {"wolf": 1.0}


def test_tfserving_failures_tell_returns_failures_alone(server) -> None:
    reply = server.predict({"instances": [instance(b"no photo")]}, "?failures=tell")
    (event,) = reply.json["predictions"]
    assert (reply.status, event["labels"], [failure["name"] for failure in event["failures"]]) == (
        200,
        {},
        ["0"],
    )
