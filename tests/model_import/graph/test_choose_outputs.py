import pytest
from foreign_network import CLASSES, color_graph
from onnx import TensorProto, helper

from ctc.errors import UsageError
from ctc.model_import.description import Description
from ctc.model_import.graph.choose_outputs import choose_outputs
from ctc.model_import.graph.ends import known_tensors, last_layer_input, photo_input, prune


def choose(model, *descriptions):
    return choose_outputs(model, known_tensors(model), descriptions, "species")


NAMED = Description("--classes", classes=CLASSES)


def two_heads():
    """A network with a second output of another length, and one of the same."""
    model = color_graph()
    for name, size in (("embedding", 3), ("score", 1)):
        model.graph.node.append(helper.make_node("Identity", ["mean"], [name]))
        model.graph.output.append(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
        )
    return model


def test_output_with_as_many_numbers_as_classes_is_taken() -> None:
    assert choose(color_graph(maps=True), NAMED).labels == {"species": "output"}


def test_several_outputs_that_fit_are_named() -> None:
    with pytest.raises(UsageError, match=r"2 outputs .*'output' \[any, 3\].*'embedding'"):
        choose(two_heads(), NAMED)
    named = Description("--output-name", output_name="output")
    assert choose(two_heads(), named, NAMED).labels == {"species": "output"}


def test_features_are_not_taken_for_the_classes() -> None:
    asked = Description("--features", features="embedding")
    chosen = choose(two_heads(), asked, NAMED)
    assert (chosen.labels, chosen.features) == ({"species": "output"}, "embedding")


def test_unknown_name_suggests_another() -> None:
    with pytest.raises(UsageError, match=r"no tensor 'outptu': did you mean 'output'\?"):
        choose(color_graph(), Description("--output-name", output_name="outptu"), NAMED)
    with pytest.raises(UsageError, match="its outputs are 'output'; the input of its last layer"):
        choose(color_graph(), Description("--features", features="zzzzzzz"), NAMED)


def test_network_with_maps_alone_has_no_classes() -> None:
    model = prune(color_graph(maps=True), ["maps"])
    with pytest.raises(UsageError, match="it may be a detector or a segmentation network"):
        choose(model, NAMED)
    asked = Description("--features", features="maps")
    beside = Description("config.json", classes=CLASSES)
    assert choose(model, asked, beside).labels == {}


def test_last_layer_is_found_behind_an_activation() -> None:
    assert last_layer_input(color_graph(end="Softmax", reshape=(-1, 3)), "output") == "mean"


def test_prune_drops_inputs_of_other_outputs() -> None:
    model = color_graph()
    text = helper.make_tensor_value_info("text", TensorProto.INT64, ["batch", 77])
    model.graph.input.append(text)
    model.graph.node.append(helper.make_node("Identity", ["text"], ["tokens"]))
    model.graph.output.append(helper.make_tensor_value_info("tokens", TensorProto.INT64, None))
    pruned = prune(model, ["output"])
    assert photo_input(pruned, known_tensors(pruned), None).name == "x"
    both = prune(model, ["output", "tokens"])
    with pytest.raises(UsageError, match=r"needs 2 inputs \('x' .*'text' \[any, 77\]\)"):
        photo_input(both, known_tensors(both), None)


def test_auto_features_are_those_of_the_classes_beside_an_output_of_features() -> None:
    """Nothing names the classes: the output that is computed last has them."""
    model = color_graph()
    model.graph.node.append(helper.make_node("Identity", ["mean"], ["features"]))
    info = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 3])
    outputs = [info, *model.graph.output]
    nodes = sorted(model.graph.node, key=lambda node: "output" in node.output)
    del model.graph.node[:], model.graph.output[:]
    model.graph.node.extend(nodes)
    model.graph.output.extend(outputs)
    alone = last_layer_input(model, "output")
    found = choose(model, Description("--features", features="auto"))
    assert found.features == alone
    assert not found.labels
