# The application alone, run by a user without rights on a file system that can be read-only.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
# The tools and the packages as pinned: uv by its hashes, then what the application needs of the lock, no tools of tests.
RUN python -m venv /tools \
    && awk '/^[a-z]/ { found = /^uv==/ } found' requirements.lock > uv.lock \
    && /tools/bin/pip install --no-cache-dir --require-hashes --requirement uv.lock \
    && VIRTUAL_ENV=/tools /tools/bin/uv pip sync --quiet --require-hashes requirements.lock \
    && /tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --constraint requirements.lock --extra telemetry --output-file run.lock pyproject.toml \
    && python -m venv --without-pip /app \
    && VIRTUAL_ENV=/app /tools/bin/uv pip sync --quiet --compile-bytecode --require-hashes run.lock
COPY graph graph
COPY schema schema
COPY loaders loaders
COPY server server
COPY docs/operations docs/operations
RUN /tools/bin/python -m hatchling build --target wheel \
    && VIRTUAL_ENV=/app /tools/bin/uv pip install --quiet --compile-bytecode --no-deps dist/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home civic && install --directory --owner civic /var/lib/civic-graph
COPY --from=build /app /app
# The linter takes the name of a file for a secret.
# hadolint ignore=DL3064
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 CIVIC_GRAPH_TOKENS=/var/lib/civic-graph/tokens
USER 10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["civic-graph"]
CMD ["serve"]
