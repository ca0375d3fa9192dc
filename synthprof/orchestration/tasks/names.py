"""Names in Airflow: the ids of the DAGs that need no file, and the path of the explorer."""


def dag_id(name: str) -> str:
    """Return the id of our DAG of this name, which may be that of a data set."""
    return f"synthprof_{name}"


GENERATE_DAG, EMBED_DAG = dag_id("generate"), dag_id("embed")
REINDEX_DAG, VERIFY_DAG = dag_id("reindex"), dag_id("verify")
WORKLOAD_DAG, LOAD_DAG, EXPORT_DAG = dag_id("workload"), dag_id("load"), dag_id("export")
MATCH_DAG = dag_id("match")
DAGS = (GENERATE_DAG, EMBED_DAG, REINDEX_DAG, VERIFY_DAG, WORKLOAD_DAG, LOAD_DAG, EXPORT_DAG, MATCH_DAG)

TITLES = {
    GENERATE_DAG: "Generate profiles",
    EMBED_DAG: "Embed texts or pictures",
    REINDEX_DAG: "Rebuild a search index",
    VERIFY_DAG: "Verify a version",
    WORKLOAD_DAG: "Make queries with exact answers",
    LOAD_DAG: "Load a version into a database",
    EXPORT_DAG: "Export a version",
    MATCH_DAG: "Find near-identical pictures",
}
"""The names that Airflow shows to people in place of the ids."""

EXPLORER = "/synthprof"
"""The explorer's path below that of Airflow's UI."""
