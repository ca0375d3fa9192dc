"""The format of a schema's file as models: they check a file, and say what editors and docs show."""

from synthprof.schemas.format.file import SchemaFile

__all__ = ["SchemaFile"]
