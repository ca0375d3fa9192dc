"""A task on Airflow that asks the embedding service of the connection `synthprof_embeddings` itself.

Make the connection under Admin, Connections, type "synthprof embedding service": its URL and its key. The
encoder `http` of every synthprof DAG takes both from there.
"""

from typing import Any

from airflow.sdk import DAG, Param, task

from synthprof.orchestration import EmbeddingsHook

with DAG(
    "ask_the_embedding_service",
    schedule=None,
    catchup=False,
    params={
        "model": Param("bge-m3", type="string", description="A model that the service has."),
        "text": Param("joga xadrez à noite", type="string", description="What to embed."),
    },
):

    @task
    def embed(params: dict[str, Any] | None = None) -> int:
        """Return how many dimensions the service's embedding of the text has."""
        assert params is not None, "Airflow gives it"
        with EmbeddingsHook().get_conn() as client:
            answer = client.post("embeddings", json={"model": params["model"], "input": [params["text"]]})
        return len(answer.raise_for_status().json()["data"][0]["embedding"])

    embed()
