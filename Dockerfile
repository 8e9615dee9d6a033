# One image for every process of Chainstitch; docker-compose.yml says which command each runs.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /chainstitch

# Apart from the sources, so that a change of those does not install everything anew.
COPY requirements.lock .
RUN python -m pip install --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes -r requirements.lock

COPY pyproject.toml LICENSE ./
COPY shared shared
COPY services services
COPY gateway gateway
COPY staff_app staff_app
COPY infra infra

# The till for the browser; its one package that is not installed comes by pip, by its locked hash.
ENV TILL_FOLDER=/chainstitch/till
RUN python -m infra.till_bundle /chainstitch/till

RUN useradd --system --home-dir /chainstitch chainstitch
USER chainstitch
