# ctc for prediction on the CPU, and for `ctc serve`: docs/docker.md
#   docker build --tag ctc .
#   docker run --rm --volume "$PWD:/data" ctc predict model.onnx photos --output predictions.csv
FROM python:3.12.11-slim-bookworm AS build
RUN python -m venv /opt/ctc
WORKDIR /src
# the dependencies first: a change of the sources alone does not install them again
COPY setup.cfg constraints.txt ./
COPY .ci .ci
RUN /opt/ctc/bin/python .ci/requirements.py cpu,data,serve > requirements.txt
RUN /opt/ctc/bin/pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt
COPY README.md LICENSE pyproject.toml ./
COPY ctc ctc
COPY plugins plugins
RUN /opt/ctc/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12.11-slim-bookworm
RUN useradd --create-home --uid 1000 ctc
COPY --from=build /opt/ctc /opt/ctc
ENV PATH=/opt/ctc/bin:$PATH PYTHONUNBUFFERED=1
USER ctc
WORKDIR /data
# asks `ctc serve` for /healthz, if that is what runs
HEALTHCHECK --interval=30s --timeout=20s --start-period=120s CMD ["python", "-m", "ctc.serving.health_check"]
ENTRYPOINT ["ctc"]
CMD ["--help"]
