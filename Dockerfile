# The site on its server. The last stage only runs what the others have made: it has no pip and no compiler.
ARG PYTHON_IMAGE=python:3.13-slim
# The server's typed core: "compiled" by mypyc, or "plain", which needs no compiler and is the same source.
ARG SERVER_CORE=compiled

FROM ${PYTHON_IMAGE} AS plain
COPY server/ /core/server/

FROM ${PYTHON_IMAGE} AS compiled
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends gcc libc6-dev >/dev/null \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements-compile.txt .
RUN python -m venv --without-pip /compiler \
    && python -m pip --python /compiler/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements-compile.txt
COPY pyproject.toml .
COPY deploy/compile-core deploy/
COPY server/ server/
RUN PYTHON=/compiler/bin/python deploy/compile-core /core

# Only the stage that is named here is built.
FROM ${SERVER_CORE} AS core

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements.txt .
# Hashes: what was locked is what is installed. Wheels only: nothing is compiled, so no compiler is needed, and no
# package's own code runs at build time.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements.txt \
    && /venv/bin/python -m compileall -q /venv/lib
COPY --from=core /core/ /site/
COPY framework/ /site/framework/
COPY app/ /site/app/
COPY templates/ /site/templates/
COPY static/ /site/static/
# The container's file system is read-only, so bytecode is made now or at every start.
RUN /venv/bin/python -m compileall -q /site

FROM ${PYTHON_IMAGE}
# An intruder shall not find an installer: pip, the copy of it that venv carries, and venv itself go.
RUN python -m pip uninstall --quiet --yes --root-user-action=ignore pip \
    && library=$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))') \
    && rm -rf "$library/ensurepip" "$library/venv" /usr/share/python-wheels \
    && groupadd --system --gid 10001 minnow \
    && useradd --system --uid 10001 --gid minnow --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin minnow
# Owned by root: the process that serves the files cannot change them.
COPY --from=build /venv /venv
COPY --from=build /site /site
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /site
USER 10001:10001
EXPOSE 8000
# The server drains on SIGTERM, also as process 1; exec form, for a shell in between would keep the signal to itself.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "server", "app:create_app()", "--bind", "0.0.0.0:8000", "--model", "coroutine"]
