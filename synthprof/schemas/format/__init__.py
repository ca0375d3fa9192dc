"""The format of a schema's file as models: they check a file, and say what editors and docs show."""

from synthprof.schemas.format.file import SchemaFile
from synthprof.schemas.format.json_schema import json_schema

__all__ = ["SchemaFile", "json_schema"]
