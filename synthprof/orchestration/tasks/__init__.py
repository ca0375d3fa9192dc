"""Airflow tasks; light, since the DAG files import it."""
