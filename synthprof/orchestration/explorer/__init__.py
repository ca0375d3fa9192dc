"""The explorer inside Airflow's API server."""
