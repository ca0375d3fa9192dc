"""The entry point of the container image: it refuses weak secrets, then the command replaces it.

`python -m synthprof.orchestration.container COMMAND ...`; `health URL` looks whether a service answers,
`new-env` writes .env with fresh secrets. It needs nothing but the standard library.
"""

import base64
import binascii
import ipaddress
import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

LEAST_CHARACTERS = 16
EX_CONFIG = 78
"""Exit status of sysexits.h for a bad configuration."""

PLAIN = {
    "API_SECRET_KEY": "AIRFLOW__API__SECRET_KEY",
    "JWT_SECRET": "AIRFLOW__API_AUTH__JWT_SECRET",
    "FERNET_KEY": "AIRFLOW__CORE__FERNET_KEY",
}
SIGNING = ("API_SECRET_KEY", "JWT_SECRET")
"""Celery workers have none of these."""

IN_ADDRESS = {
    "POSTGRES_PASSWORD": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "REDIS_PASSWORD": "AIRFLOW__CELERY__BROKER_URL",
}
"""The secrets by their names in .env, and the variables that hold them here."""

ADDRESSES = {
    "PRIVATE_ADDRESS": "SYNTHPROF_PRIVATE_ADDRESS",
    "BASE_URL": "AIRFLOW__API__BASE_URL",
    "API_HOST": "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "POSTGRES_HOST": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "REDIS_HOST": "AIRFLOW__CELERY__BROKER_URL",
}
"""The addresses of this service and of the others: names in .env, and variables here."""

SERVICES = {("API_HOST", "api-server"), ("POSTGRES_HOST", "postgres"), ("REDIS_HOST", "redis")}
"""Names within the engine's own network, which no other machine reaches."""

ADMIN = "SYNTHPROF_ADMIN_PASSWORD"
"""Only the API server has it."""

PASSWORDS_FILE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in place of this process; return an exit status only if that is refused."""
    command = list(sys.argv[1:] if arguments is None else arguments)
    if command[:1] == ["health"]:
        return health(command[1])
    if command[:1] == ["new-env"]:
        return new_env(Path(command[1]), Path(command[2]))
    if refused := list(refusals(os.environ)):
        print("\n".join(refused), file=sys.stderr)
        return EX_CONFIG
    if ADMIN in os.environ:
        _write_passwords(Path(os.environ[PASSWORDS_FILE]), os.environ.pop(ADMIN))
    os.execvp(command[0], command)


def refusals(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence with the remedy for each weak secret, and each address at which others would meet it.

    Yields nothing where development is switched on and every address is this machine's.
    """
    weak = list(_weak_secrets(environment))
    development = environment.get("SYNTHPROF_DEVELOPMENT") == "yes"
    reachable = list(_reachable(environment)) if development else []
    if weak and (reachable or not development):
        yield from weak
        yield from reachable


def _weak_secrets(environment: Mapping[str, str]) -> Iterator[str]:
    found = {
        name: environment.get(variable, "")
        for name, variable in PLAIN.items()
        if name not in SIGNING or variable in environment
    }
    for name, variable in IN_ADDRESS.items():
        found[name] = unquote(urlsplit(environment.get(variable, "")).password or "")
    if ADMIN in environment:
        found["ADMIN_PASSWORD"] = environment[ADMIN]
    for name, value in found.items():
        if problem := _problem(name, value):
            yield f"{name} {problem}; `make env` writes a fresh one"


def _reachable(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each address at which other machines may be."""
    given = {name: environment.get(variable, "") for name, variable in ADDRESSES.items()}
    hosts = {name: _host(address) for name, address in given.items()}
    hosts["PRIVATE_ADDRESS"] = given["PRIVATE_ADDRESS"].strip("[]")
    for name, host in hosts.items():
        if not _is_loopback(host) and (name, host) not in SERVICES:
            said = host or "(not set)"
            yield f"{name}={said} is not 127.0.0.1, so SYNTHPROF_DEVELOPMENT=yes does not lift this"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def health(url: str) -> int:
    """0 if the service at the address answers, else 1."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1


def new_env(example: Path, path: Path) -> int:
    """Write the example to `path` with fresh secrets, readable by its owner alone; keep an existing file."""
    if path.exists():
        print(f"{path} is there already and stays as it is; remove it to get new secrets", file=sys.stderr)
        return 1
    lines = [_filled(line) for line in example.read_text().splitlines()]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    return 0


def _filled(line: str) -> str:
    name = line.partition("=")[0]
    if name == "FERNET_KEY":
        return f"{name}={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"
    if name in (*PLAIN, *IN_ADDRESS, "ADMIN_PASSWORD"):
        return f"{name}={secrets.token_hex(16 if name == 'ADMIN_PASSWORD' else 32)}"
    return line


def _problem(name: str, value: str) -> str | None:
    if not value:
        return "is empty"
    if len(value) < LEAST_CHARACTERS:
        return f"has {len(value)} characters, {LEAST_CHARACTERS} are needed"
    if name != "FERNET_KEY":
        return "is that of .env.development, which everyone knows" if "development" in value else None
    keys = [
        _decoded(key) for key in value.split(",")
    ]  # several while they are being changed, the new one first
    if any(len(key) != 32 for key in keys):
        return "is not 32 bytes in URL-safe base64"
    return "is that of .env.development, which everyone knows" if b"development" in keys[0] else None


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _write_passwords(path: Path, admin: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"admin": admin}))


if __name__ == "__main__":
    sys.exit(main())
