# syntax=docker/dockerfile:1@sha256:87999aa3d42bdc6bea60565083ee17e86d1f3339802f543c0d03998580f9cb89
# 3.12.14
FROM python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254 AS build
WORKDIR /opt/synthprof
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# the pinned requirements alone, so that a change of our code does not install them again
COPY requirements.txt requirements-cluster.txt ./
RUN pip install --no-compile --no-deps --require-hashes -r requirements.txt -r requirements-cluster.txt
COPY pyproject.toml README.md LICENSE ./
COPY synthprof synthprof
RUN pip install --no-compile --no-deps --no-build-isolation . && pip uninstall --yes pip
# some packages carry templates that are no Python: what can be compiled is
RUN python -m compileall -qq -j 0 /opt/venv/lib || true

FROM python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254
RUN useradd --uid 10001 --create-home --home-dir /opt/airflow synthprof \
 && mkdir -p /data /opt/airflow/logs \
 && chown -R synthprof /data /opt/airflow
COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/synthprof
COPY dags dags
COPY datasets datasets
COPY plugins plugins
COPY schemas schemas
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 AIRFLOW_HOME=/opt/airflow
USER 10001
ENTRYPOINT ["python", "-m", "synthprof.orchestration.container"]
