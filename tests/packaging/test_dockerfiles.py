"""The Dockerfiles, tested without Docker: their instructions and what they install."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = ["Dockerfile", "Dockerfile.gpu"]


class Instruction(NamedTuple):
    """Instruction of a Dockerfile, such as COPY, with its arguments."""

    name: str
    rest: str


def instructions(file: str) -> list[Instruction]:
    lines = (CHECKOUT / file).read_text().splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    return [Instruction(*line.split(" ", 1)) for line in said]


def installed(file: str) -> str:
    """Return the requirement that a Dockerfile installs with pip in two steps, such as `.[cpu]`."""
    (listed,) = (one.rest for one in instructions(file) if "requirements.py" in one.rest)
    found = re.fullmatch(r"\S+ \.ci/requirements\.py (\S+) > requirements\.txt", listed)
    assert found, listed
    pip = "/opt/ctc/bin/pip install --no-cache-dir"
    assert [one.rest for one in instructions(file) if "pip install" in one.rest] == [
        f"{pip} --constraint constraints.txt --requirement requirements.txt",
        f"{pip} --no-deps .",
    ]
    return f".[{found[1]}]"


@pytest.mark.parametrize("file", FILES)
def test_dockerfile_installs_dependencies_before_it_copies_sources(file) -> None:
    said = [f"{one.name} {one.rest}" for one in instructions(file)]
    (dependencies,) = (at for at, one in enumerate(said) if "--requirement" in one)
    assert dependencies < said.index("COPY ctc ctc") < said.index("COPY plugins plugins")


def test_requirements_follow_nested_extras(tmp_path) -> None:
    setup = tmp_path / "setup.cfg"
    setup.write_text(
        "[options]\ninstall_requires =\n    click>=8\n"
        "[options.extras_require]\ndata =\n    pandas>=2\n"
        "train =\n    camera-trap-classifier[data]\n    tensorflow[and-cuda]>=2\n"
    )
    namespace = runpy.run_path(str(CHECKOUT / ".ci" / "requirements.py"))
    found = namespace["requirements"](["data", "train"], setup)
    assert found == ["click>=8", "pandas>=2", "tensorflow[and-cuda]>=2"]


@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("file", "some", "other"),
    [
        ("Dockerfile", {"numpy", "onnxruntime", "pandas", "starlette"}, {"tensorflow"}),
        ("Dockerfile.gpu", {"onnxruntime-gpu", "tensorflow", "jinja2"}, {"onnxruntime"}),
    ],
)
def test_requirements_of_the_image(file: str, some: set[str], other: set[str]) -> None:
    extras = installed(file).removeprefix(".[").removesuffix("]")
    command = [sys.executable, str(CHECKOUT / ".ci" / "requirements.py"), extras]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = {re.split(r"[\[<>=;]", line)[0] for line in lines}
    assert some <= names
    assert not other & names
    assert "camera-trap-classifier" not in names


@pytest.mark.parametrize("file", FILES)
def test_dockerfile_stages_share_pinned_base(file) -> None:
    bases = [one.rest.removesuffix(" AS build") for one in instructions(file) if one.name == "FROM"]
    assert len(bases) == 2
    assert bases[0] == bases[1]
    assert re.search(r":\d+\.\d+\.\d+-", bases[0])


@pytest.mark.parametrize("file", FILES)
def test_dockerfile_runs_ctc_as_unprivileged_user(file) -> None:
    last = {one.name: one.rest for one in instructions(file)}
    assert last["USER"] == "ctc"
    assert last["ENTRYPOINT"] == '["ctc"]'
    assert last["HEALTHCHECK"].endswith('CMD ["python", "-m", "ctc.serving.health_check"]')


@pytest.mark.parametrize("file", FILES)
def test_dockerfile_copies_existing_files(file) -> None:
    allowed = {
        line[1:]
        for line in (CHECKOUT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = [
        one.rest.split()[:-1]
        for one in instructions(file)
        if one.name == "COPY" and "--from" not in one.rest
    ]
    names = {name for some in copied for name in some}
    assert names == allowed
    assert all((CHECKOUT / name).exists() for name in names)


@pytest.mark.subprocess
@pytest.mark.slow
def test_dockerfile_cpu_installation_works(wheel, tmp_path, new_environment) -> None:
    extras = installed("Dockerfile").removeprefix(".")
    ctc = new_environment(
        tmp_path / "env", f"{wheel}{extras}", "--constraint", CHECKOUT / "constraints.txt"
    )
    done = ctc("predict", "--help")
    assert done.returncode == 0, done.stderr


@pytest.mark.subprocess
@pytest.mark.slow
def test_dockerfile_gpu_packages_share_one_cuda(would_install) -> None:
    names = would_install(installed("Dockerfile.gpu"))
    assert {"tensorflow", "onnxruntime-gpu", "nvidia-dali-cuda120", "nvidia-cudnn-cu12"} <= names
    assert "onnxruntime" not in names
    assert not [name for name in names if name.endswith("-cu13")]


def test_dockerfile_gpu_gets_the_hardware_decoder_and_keeps_compiled_kernels() -> None:
    lines = [one.rest for one in instructions("Dockerfile.gpu") if one.name == "ENV"]
    values = dict(pair.split("=", 1) for line in lines for pair in line.split())
    assert "video" in values["NVIDIA_DRIVER_CAPABILITIES"].split(",")
    assert values["CUDA_CACHE_PATH"].startswith("/data/")
    assert int(values["CUDA_CACHE_MAXSIZE"]) == 4 * 1024**3


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.parametrize(
    ("extras", "cuda", "wanted"),
    [
        ("train,jax-cuda12,gpu,dali", 12, "nvidia-dali-cuda120"),
        ("train,jax-cuda13,gpu-cuda13,dali-cuda13", 13, "nvidia-dali-cuda130"),
    ],
)
def test_extras_for_gpus_share_one_cuda(would_install, extras, cuda, wanted) -> None:
    """cuDNN's packages for CUDA 12 and 13 overwrite each other's files."""
    names = would_install(f".[{extras}]", constrained=cuda == 12)
    assert {wanted, "onnxruntime-gpu", "jax", f"jax-cuda{cuda}-plugin"} <= names
    assert {name for name in names if name.startswith("nvidia-cudnn")} == {f"nvidia-cudnn-cu{cuda}"}


@pytest.fixture
def would_install(uv):
    """A function that returns the packages of an installation on Linux, from metadata only."""

    def resolve(requirement: str, *, constrained: bool = True) -> set[str]:
        constraint = ["--constraint", "constraints.txt"] if constrained else []
        command = [uv, "pip", "compile", "-", *constraint, "--no-header", "--no-annotate"]
        linux = ["--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28"]
        done = subprocess.run(
            [*command, *linux],
            input=requirement,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return {re.split("[=<>@ ]", line)[0] for line in done.stdout.splitlines()}

    return resolve
