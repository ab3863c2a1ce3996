"""The command `ctc import`."""

from __future__ import annotations

import csv
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import onnx
import pytest
from foreign_network import CLASSES

from ctc.artifacts.model.file import ModelInfo
from ctc.cli.main import run as ctc


def read_info(path: Path) -> ModelInfo:
    return ModelInfo.from_metadata(
        {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    )


def test_command_writes_a_model_that_predict_takes(
    write_network, classes_file, photos, tmp_path, capsys
) -> None:
    network, output = str(write_network()), tmp_path / "model.onnx"
    options = ["--classes", str(classes_file), "--photos", str(photos), "--scale", "255"]
    assert ctc(["import", network, *options, "--output", str(output)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0] == "classes: 3 of 'species', from --classes"
    assert lines[-2].startswith("'species' compared with the original network on 12 photos (of")
    assert lines[-1].endswith(", 3 classes of 'species'")
    predictions = tmp_path / "predictions.csv"
    assert ctc(["predict", str(output), str(photos), "--output", str(predictions)]) == 0
    with predictions.open(newline="") as file:
        answers = {row["prediction_top"] for row in csv.DictReader(file)}
    assert answers <= set(CLASSES)
    assert len(answers) > 1


def test_every_option_reaches_the_file(write_network, classes_file, tmp_path) -> None:
    output = tmp_path / "model.onnx"
    options = {
        "--classes": str(classes_file),
        "--label": "animal",
        "--size": "24x20",
        "--resize": "letterbox",
        "--scale": "127.5",
        "--mean": "1,1,1",
        "--std": "0.5",
        "--layout": "nhwc",
        "--channels": "bgr",
        "--activation": "sigmoid",
        "--input-name": "x",
        "--output-name": "output",
        "--features": "mean",
        "--licence": "CC0-1.0",
        "--source": "a test",
    }
    given = [word for pair in options.items() for word in pair]
    network = write_network(layout="nhwc", side="side")
    assert ctc(["import", str(network), *given, "--output", str(output)]) == 0
    info = read_info(output)
    assert (info.labels, info.multi_label) == ({"animal": CLASSES}, ("animal",))
    size = info.preprocessing
    assert (size.height, size.width, size.resize) == (24, 20, "letterbox")
    assert (info.feature_size, info.licence, info.source["from"]) == (3, "CC0-1.0", "a test")
    constants = {
        one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(output).graph.initializer
    }
    assert constants["ctc/factor"].ravel() == pytest.approx([2 / 127.5] * 3)
    assert constants["ctc/offset"].ravel() == pytest.approx([-2] * 3)


def test_existing_output_is_kept_without_overwrite(
    write_network, classes_file, tmp_path, capsys
) -> None:
    output = tmp_path / "model.onnx"
    output.write_text("mine")
    words = [
        "import",
        str(write_network()),
        "--classes",
        str(classes_file),
        "--output",
        str(output),
    ]
    assert ctc(words) == 2
    assert "exists already: choose another --output or add --overwrite" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert ctc([*words, "--overwrite"]) == 0
    assert read_info(output).labels == {"species": CLASSES}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--mean", "1,2"], "'1,2' is not three numbers with commas between"),
        (["--std", "1,x,2"], "'1,x,2' is not three numbers"),
        (["--size", "224x"], "'224x' is no size: give HEIGHTxWIDTH in pixels"),
        (["--size", "9000"], "'9000' is no size"),
        (["--scale", "0"], "0.0 is not in the range x>0"),
        ([], "nothing names the classes of the network: give them by --classes FILE"),
    ],
)
def test_wrong_options_are_named(write_network, tmp_path, capsys, words, message) -> None:
    output = tmp_path / "model.onnx"
    assert ctc(["import", str(write_network()), *words, "--output", str(output)]) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_network_itself_is_no_output(write_network, capsys) -> None:
    network = write_network()
    assert ctc(["import", str(network), "--output", str(network), "--overwrite"]) == 2
    assert "is the network itself" in capsys.readouterr().err
    assert ctc(["import", str(network), "--output", "model"]) == 2
    assert "use --output 'model.onnx'" in capsys.readouterr().err


def test_import_in_a_folder_of_its_own_reads_what_is_beside(write_network, tmp_path) -> None:
    network = write_network(end="Softmax")
    (network.parent / "classes.txt").write_text("\n".join(CLASSES))
    (network.parent / "README.md").write_text("---\nlicense: mit\n---\n")
    output = tmp_path / "model.onnx"
    assert ctc(["import", str(network), "--output", str(output)]) == 0
    info = read_info(output)
    assert (info.labels, info.licence) == ({"species": CLASSES}, "mit")


@pytest.mark.subprocess
def test_network_without_end_is_given_up(endless_network, classes_file, tmp_path) -> None:
    code = (
        "import sys; from ctc.runtime import first_run; first_run.TIMEOUT = 1.0;"
        "from ctc.cli import main; main()"
    )
    options = ["--classes", str(classes_file), "--output", str(tmp_path / "model.onnx")]
    done = subprocess.run(
        [sys.executable, "-c", code, "import", str(endless_network), *options],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "gave no answer for a photo within 1 s: does it hold a loop without end?" in done.stderr
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.subprocess
def test_output_that_another_process_writes_is_refused(
    write_network, classes_file, tmp_path, capsys
) -> None:
    """The first import waits for its network, until the second has been refused."""
    network, output = write_network(), tmp_path / "model.onnx"
    lock = tmp_path / ".model.onnx.lock"
    asked, may_answer = threading.Event(), threading.Event()

    class Slow(SimpleHTTPRequestHandler):
        def send_head(self):
            if lock.exists():  # before that, the command only looks whether the URL can be reached
                asked.set()
                may_answer.wait()
            return super().send_head()

    options = ["--classes", str(classes_file), "--output", str(output)]
    handler = partial(Slow, directory=str(network.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/network.onnx"
        command = [sys.executable, "-m", "ctc", "import", url, *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first:
            asked.wait()
            code = ctc(["import", str(network), *options])
            may_answer.set()
            _, told = first.communicate()
        server.shutdown()
        thread.join()
    message = f"'{output}' is being written by another `ctc import`: wait for it, or choose another"
    assert code == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert first.returncode == 0, told
    assert read_info(output).source["url"] == url
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.json", '["fox", "red\\nfox", "owl"]', r"class 2 of --classes is 'red\nfox', which"),
        ("c.csv", 'class\nfox\n"a\nb"\nowl\n', r"class 2 of --classes is 'a\nb', which holds"),
        ("c.txt", "fox\nred\tfox\nowl\n", r"class 2 of --classes is 'red\tfox', which holds"),
        ("c.json", '["fox", "deer", "\\u001b[2J"]', r"class 3 of --classes is '\x1b[2J', which"),
    ],
)
def test_class_of_several_lines_is_refused_with_its_place(
    write_network, tmp_path, capsys, name, content, message
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    output = tmp_path / "model.onnx"
    options = ["--classes", str(tmp_path / name), "--output", str(output)]
    assert ctc(["import", str(write_network()), *options]) == 1
    *_, told = capsys.readouterr().err.splitlines()
    assert message in told
    assert not output.exists()


def test_class_of_several_lines_beside_the_network_is_refused(
    write_network, tmp_path, capsys
) -> None:
    network = write_network(end="Softmax")
    names = '{"id2label": {"0": "fox", "1": "deer", "2": "o\\nwl"}}'
    (network.parent / "config.json").write_text(names)
    assert ctc(["import", str(network), "--output", str(tmp_path / "model.onnx")]) == 1
    assert r"class 3 of config.json is 'o\nwl', which holds a line" in capsys.readouterr().err


def test_network_at_a_url_is_imported(write_network, classes_file, tmp_path, capsys) -> None:
    network = write_network()
    handler = partial(SimpleHTTPRequestHandler, directory=str(network.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        root = f"http://127.0.0.1:{server.server_port}"
        options = ["--classes", str(classes_file), "--output", str(tmp_path / "model.onnx")]
        assert ctc(["import", f"{root}/network.onnx", *options]) == 0
        assert ctc(["import", f"{root}/none.onnx", *options, "--overwrite"]) == 2
        server.shutdown()
        thread.join()
    assert read_info(tmp_path / "model.onnx").source["url"] == f"{root}/network.onnx"
    assert f"network '{root}/none.onnx' is not there" in capsys.readouterr().err
