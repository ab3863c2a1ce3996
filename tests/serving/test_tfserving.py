"""TensorFlow Serving's REST form, and what is answered in it."""

from __future__ import annotations

from base64 import b64encode

import pytest

from ctc.plugin import Aggregation

RED, BLUE = (255, 0, 0), (0, 0, 255)
SURE = 0.9275  # 1 / (1 + exp(-2.55)), of a JPEG's red


def instance(data: bytes, **more: object) -> dict[str, object]:
    return {"image": {"b64": b64encode(data).decode()}, **more}


def tops(reply) -> dict[str, str]:
    """Per event its most probable species."""
    return {event["id"]: event["labels"]["species"]["class"] for event in reply.json["predictions"]}


def test_each_instance_is_answered_with_class_names_and_probabilities(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(RED)), instance(jpeg(BLUE))]})
    assert (reply.status, tops(reply)) == (200, {"0": "fox", "1": "wolf"})
    species = reply.json["predictions"][0]["labels"]["species"]
    assert (
        species["confidence"] == species["probabilities"]["fox"] == pytest.approx(SURE, abs=0.002)
    )
    assert sum(species["probabilities"].values()) == pytest.approx(1)


def test_what_the_camera_wrote_is_told(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(taken="2016:09:25 18:35:10"))]})
    (photo,) = reply.json["predictions"][0]["photos"]
    assert (photo["name"], photo["taken"], photo["camera"], photo["latitude"]) == (
        "0",
        "2016-09-25T18:35:10",
        None,
        None,
    )


def test_the_short_form_and_a_signature_name_are_taken(server, jpeg) -> None:
    photo = {"b64": b64encode(jpeg(BLUE)).decode()}
    reply = server.predict({"signature_name": "serving_default", "instances": [photo]})
    assert tops(reply) == {"0": "wolf"}


def test_photos_of_one_event_are_aggregated(server, jpeg) -> None:
    photos = [
        instance(jpeg(RED), event="e1"),
        instance(jpeg(BLUE)),
        instance(jpeg(BLUE), event="e1"),
    ]
    first, second = server.predict({"instances": photos}).json["predictions"]
    assert (first["id"], len(first["photos"]), second["id"]) == ("e1", 2, "1")
    assert first["labels"]["species"]["probabilities"]["fox"] == pytest.approx(0.5, abs=0.002)


def test_an_event_may_be_called_by_a_number(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(), event=7), instance(jpeg(), event=7)]})
    assert tops(reply) == {"7": "fox"}


def test_an_event_called_like_a_photo_s_number_is_not_that_photo(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(RED), event="1"), instance(jpeg(BLUE))]})
    assert [event["labels"]["species"]["class"] for event in reply.json["predictions"]] == [
        "fox",
        "wolf",
    ]


def test_bare_arrays_on_request(server, jpeg) -> None:
    reply = server.predict({"instances": [instance(jpeg(RED))]}, "?answers=arrays")
    (row,) = reply.json["predictions"]
    assert list(row) == ["species", "count"]
    assert row["species"] == pytest.approx([SURE, 1 - SURE], abs=0.002)


def test_bare_arrays_of_a_model_with_one_label_have_no_name(
    serve, write_model, jpeg, tmp_path
) -> None:
    one = write_model(tmp_path / "model.onnx", {"species": ("fox", "wolf")})
    reply = serve({"model": one}).predict({"instances": [instance(jpeg(RED))]}, "?answers=arrays")
    assert reply.json["predictions"] == [pytest.approx([SURE, 1 - SURE], abs=0.002)]


def test_a_photo_that_fails_stands_beside_those_that_do_not(server, jpeg) -> None:
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
def test_when_nothing_can_be_said_in_a_form_the_request_is_refused(
    server, jpeg, query: str, good: bool
) -> None:
    photos = [instance(jpeg())] * good + [instance(b"no photo")]
    reply = server.predict({"instances": photos}, query)
    assert reply.status == 422
    assert reply.error.startswith(
        f"photo '{len(photos) - 1}' can't be used: not an image of a known kind"
    )


def test_what_only_the_owner_can_mend_is_told_in_the_log_alone(serve, jpeg, caplog) -> None:
    broken = Aggregation("broken", "fails", lambda values: values[0][:1])
    reply = serve(aggregation=broken).send_photo(jpeg())
    assert (reply.status, reply.error) == (500, "the model can't be run: the server's log says why")
    assert "aggregation 'broken'" in caplog.text


def test_a_model_says_that_it_is_available_and_what_it_knows(server) -> None:
    said = server.get("/v1/models/model").json
    assert said["model_version_status"] == [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
    assert said["metadata"]["labels"] == {"species": ["fox", "wolf"], "count": ["1", "2+"]}


def test_the_signature_names_inputs_and_outputs(server) -> None:
    said = server.get("/v1/models/model/metadata").json
    signature = said["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert said["model_spec"] == {"name": "model", "signature_name": "", "version": "1"}
    assert (list(signature["inputs"]), list(signature["outputs"])) == (
        ["image"],
        ["species", "count"],
    )


def test_several_models_are_listed_and_asked_by_name(serve, write_model, jpeg, tmp_path) -> None:
    birds = write_model(tmp_path / "b.onnx", {"bird": ("crow", "owl")})
    several = serve({"one": write_model(tmp_path / "a.onnx"), "two words": birds})
    assert [model["name"] for model in several.get("/v1/models").json["models"]] == [
        "one",
        "two words",
    ]
    reply = several.ask("POST", "/v1/models/two%20words:predict", jpeg(), content_type="image/jpeg")
    assert reply.json["predictions"][0]["labels"]["bird"]["class"] == "crow"


def test_an_unsure_answer_is_unknown(serve, jpeg) -> None:
    reply = serve(threshold=0.95).predict({"instances": [instance(jpeg(RED))]})
    species = reply.json["predictions"][0]["labels"]["species"]
    assert (species["class"], species["confidence"]) == ("unknown", pytest.approx(SURE, abs=0.002))


def test_only_the_classes_that_can_be_are_answered(serve, jpeg, tmp_path) -> None:
    listed = tmp_path / "classes.txt"
    listed.write_text("wolf\n")
    reply = serve(class_list=listed).predict({"instances": [instance(jpeg(RED))]})
    assert reply.json["predictions"][0]["labels"]["species"]["probabilities"] == {"wolf": 1.0}


def test_when_nothing_can_be_used_it_is_told_on_request(server) -> None:
    reply = server.predict({"instances": [instance(b"no photo")]}, "?failures=tell")
    (event,) = reply.json["predictions"]
    assert (reply.status, event["labels"], [failure["name"] for failure in event["failures"]]) == (
        200,
        {},
        ["0"],
    )
