"""The hook of the connection type `synthprof_embeddings`: the service that the encoder `http` asks."""

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseHook

from synthprof.orchestration.provider.info import CONNECTION_FORM, CONNECTION_TYPE
from synthprof.orchestration.tasks.service import CONNECTION, service_url
from synthprof.system.environment import THIS_MACHINE

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0


class EmbeddingsHook(BaseHook):
    """An embedding service that speaks OpenAI's `/v1/embeddings`, named by an Airflow connection.

    Host is the service's URL (`https://host/v1`), password its key.

        with EmbeddingsHook().get_conn() as client:
            client.post("embeddings", json={"model": "bge-m3", "input": ["a text"]})
    """

    conn_name_attr: ClassVar[str] = "embeddings_conn_id"
    default_conn_name: ClassVar[str] = CONNECTION
    conn_type: ClassVar[str] = CONNECTION_TYPE
    hook_name: ClassVar[str] = "synthprof embedding service"

    def __init__(self, embeddings_conn_id: str = CONNECTION, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.embeddings_conn_id = embeddings_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return which fields the connection's form shows, and under which labels."""
        return {key.replace("-", "_"): value for key, value in CONNECTION_FORM.items()}

    def get_conn(self) -> "httpx.Client":
        """Return a client whose relative paths lie below the service's URL, with the key in its headers.

        Raises AirflowNotFoundException where the connection does not exist.
        """
        import httpx  # a third of a second, which only a task that asks the service pays

        connection = self.get_connection(self.embeddings_conn_id)
        headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        return httpx.Client(
            base_url=service_url(connection), headers=headers, timeout=timeout, mounts=THIS_MACHINE
        )

    def test_connection(self) -> tuple[bool, str]:
        """Ask the service for its models; return whether it answered, and one sentence about it."""
        import httpx

        try:
            with self.get_conn() as client:
                answer = client.get("models")
        except httpx.HTTPError as error:
            return False, f"The service does not answer: {type(error).__name__}"
        if answer.is_success:
            return True, "The service answers"
        return False, f"The service answers with HTTP status {answer.status_code} to GET models"
