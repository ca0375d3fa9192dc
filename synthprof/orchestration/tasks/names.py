"""What Airflow's parts call ours: the DAGs that are there without a file, and where the explorer lies."""


def dag_id(name: str) -> str:
    """The id of our DAG of this name, which may be that of a data set."""
    return f"synthprof_{name}"


GENERATE_DAG, EMBED_DAG = dag_id("generate"), dag_id("embed")
REINDEX_DAG, VERIFY_DAG = dag_id("reindex"), dag_id("verify")
DAGS = (GENERATE_DAG, EMBED_DAG, REINDEX_DAG, VERIFY_DAG)

EXPLORER = "/synthprof"
"""Its path below that of Airflow's UI."""
