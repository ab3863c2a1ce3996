# ctc for prediction on the CPU, and for `ctc serve`: docs/docker.md
#   docker build --tag ctc .
#   docker run --rm --volume "$PWD:/data" ctc predict model.onnx photos --output predictions.csv
FROM python:3.12.11-slim-bookworm AS build
RUN python -m venv /opt/ctc
WORKDIR /src
COPY README.md LICENSE setup.cfg pyproject.toml constraints.txt ./
COPY ctc ctc
COPY plugins plugins
RUN /opt/ctc/bin/pip install --no-cache-dir --constraint constraints.txt ".[cpu,data,serve]"

FROM python:3.12.11-slim-bookworm
RUN useradd --create-home --uid 1000 ctc
COPY --from=build /opt/ctc /opt/ctc
ENV PATH=/opt/ctc/bin:$PATH PYTHONUNBUFFERED=1
USER ctc
WORKDIR /data
HEALTHCHECK CMD ["ctc", "--version"]
ENTRYPOINT ["ctc"]
CMD ["--help"]
