"""The OpenAPI description as a plain page that needs no script and no network."""

import functools
from typing import Any

import jinja2

METHODS = ("get", "post")


def docs_page(openapi: dict[str, Any]) -> str:
    """Return the page in HTML; all texts of the description are escaped."""
    operations = [
        {"method": method.upper(), "path": path, "body": _body(openapi, details), **details}
        for path, item in openapi["paths"].items()
        for method, details in item.items()
        if method in METHODS
    ]
    page: str = _template().render(openapi=openapi, operations=operations, rule=_rule)
    return page


def _rule(schema: dict[str, Any]) -> str:
    """Return the type and the bounds of a value in words."""
    inner = schema.get("items", {})
    facts = [f"list of {inner.get('type', 'values')}" if inner else schema.get("type", "value")]
    facts += [f"one of {', '.join(map(str, schema['enum']))}"] if "enum" in schema else []
    bounds = {
        "minimum": "from {}",
        "maximum": "to {}",
        "maxLength": "at most {} characters",
        "pattern": "pattern {}",
    }
    facts += [words.format(schema[key]) for key, words in bounds.items() if key in schema]
    facts += [f"default {schema['default']}"] if schema.get("default") not in (None, []) else []
    return ", ".join(map(str, facts))


def _body(openapi: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the JSON body, none if the operation has no body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return dict(openapi["components"]["schemas"].get(name, {}).get("properties", {}))


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("synthprof.explorer"), autoescape=True)
    return environment.get_template("docs.html")
