"""The Airflow provider: what Airflow finds by entry points, and what DAGs of users import."""
