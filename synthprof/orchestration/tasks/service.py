"""The embedding service inside Airflow: URL and key from a connection, never from a parameter."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from synthprof.spec.spec import SOURCE_URL
from synthprof.system.environment import SERVICE_KEY, SERVICE_URL

CONNECTION = "synthprof_embeddings"
"""Name of the connection unless a task names another. Its host is the URL, its password the key."""

SOURCE = "synthprof_"
"""Begin of the names of connections that `conn:NAME` may mean: others are nobody's to read by a parameter."""

DIALECTS = {"postgres": "postgresql", "redshift": "postgresql", "mssql": "mssql+pymssql"}
"""SQLAlchemy's names where Airflow has others."""

PROTOCOLS = ("http", "https")

STAGES = ("setup", "vectorize")
"""Stages that ask the service; no other is given the key."""


def service_environment(
    stage: str, params: Mapping[str, Any], connection: str = CONNECTION
) -> dict[str, str]:
    """Return variables for the child process of a task, if its stage asks a service; else none."""
    asks = params.get("encoder") == "http" and stage in STAGES
    return connection_environment(connection) if asks else {}


def source_environment(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the variable for a source `conn:NAME`, from the Connection `synthprof_NAME`; else none."""
    source = str(params.get("source") or "")
    name = source.removeprefix("conn:")
    if name == source:
        return {}
    try:
        found = Connection.get(f"{SOURCE}{name}")
    except AirflowNotFoundException:
        return {}
    return {f"{SOURCE_URL}{name.upper()}": database_url(found)}


def target_environment(into: str) -> dict[str, str]:
    """Return the variable for a target `conn:NAME`, from the Connection `synthprof_NAME`; else none."""
    name = into.removeprefix("conn:")
    return {} if name == into else named_target(f"{SOURCE}{name}", name)


def named_target(connection: str, name: str) -> dict[str, str]:
    """Return the variable for a target `conn:NAME`, from any Connection; none without it."""
    try:
        found = Connection.get(connection)
    except AirflowNotFoundException:
        return {}
    return {f"{SOURCE_URL}{name.upper()}": target_url(found)}


def target_url(found: Connection) -> str:
    """Return a Connection as the URL of a target of `synthprof load`.

    The Connection's type is the scheme, unless `scheme` in its extra names another, as `qdrant+https`; its
    schema is the path, and all else in its extra are options after `?`, as `table`.
    """
    extra = {name: str(value) for name, value in found.extra_dejson.items()}
    kind = (found.conn_type or "").replace("_", "+")
    scheme = extra.pop("scheme", "") or DIALECTS.get(kind, kind)
    secret = f":{quote(found.password, safe='')}" if found.password else ""
    user = f"{quote(found.login or '', safe='')}{secret}@" if found.login or secret else ""
    port = f":{found.port}" if found.port else ""
    options = f"?{urlencode(extra)}" if extra else ""
    return f"{scheme}://{user}{found.host or ''}{port}/{quote(found.schema or '')}{options}"


def database_url(found: Connection) -> str:
    """Return a Connection to a database as the URL that SQLAlchemy takes."""
    from sqlalchemy import URL

    kind = found.conn_type or ""
    return URL.create(
        DIALECTS.get(kind, kind),
        username=found.login or None,
        password=found.password or None,
        host=found.host or None,
        port=found.port,
        database=found.schema or None,
    ).render_as_string(hide_password=False)


def connection_environment(connection: str = CONNECTION) -> dict[str, str]:
    """Return variables for a process that asks the service; none without the connection."""
    try:
        found = Connection.get(connection)
    except AirflowNotFoundException:
        return {}
    address = {SERVICE_URL: service_url(found)} if found.host else {}
    return {**address, SERVICE_KEY: found.password or ""}


def service_url(found: Connection) -> str:
    """Return the host as it stands, or put together from the parts of a URI, as Airflow names them.

    Of `https://:key@host/v1` the type is `https` and the schema `v1`; of Airflow's own `http://host/https`
    the schema is the protocol.
    """
    host, schema = found.host or "", found.schema or ""
    port = f":{found.port}" if found.port else ""
    if "://" in host:
        parts = urlsplit(host)
        return host if parts.port else parts._replace(netloc=parts.netloc + port).geturl()
    if schema in PROTOCOLS:
        return f"{schema}://{host}{port}"
    protocol = found.conn_type if found.conn_type in PROTOCOLS else "https"
    return f"{protocol}://{host}{port}/{schema}".rstrip("/")
