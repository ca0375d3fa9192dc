"""A sensor that waits until a new version of a data set is published."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.configuration import conf

from synthprof.base.errors import SpecError
from synthprof.orchestration.provider.triggers import NewVersionTrigger, new_version
from synthprof.orchestration.tasks.operator import told_to_airflow


class NewVersionSensor(BaseSensorOperator):
    """Wait until a version of the data set is published after `since`; push the version's name.

    dataset: its name. since: a moment in ISO 8601, by default the run's `run_after`; write
    `{{ prev_start_date_success or '1970-01-01' }}` for what came since the last run that succeeded.
    deferrable: wait in the triggerer, which must run; by default as `[operators] default_deferrable` says.
    """

    template_fields: Sequence[str] = ("dataset", "since")

    def __init__(
        self,
        *,
        dataset: str,
        since: str = "{{ dag_run.run_after.isoformat() }}",
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.since = since
        self.deferrable = deferrable

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with told_to_airflow(context):
            version = new_version(self.dataset, _moment(self.since))
        return PokeReturnValue(is_done=version is not None, xcom_value=version)

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """Wait here, or look once and go on waiting in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found:
            return found.xcom_value
        self.defer(
            trigger=NewVersionTrigger(self.dataset, _moment(self.since).isoformat(), self.poke_interval),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: str) -> str:
        """Return the version that the trigger has found."""
        self.log.info("Version %s of %s is published", event, self.dataset)
        return event


def _moment(text: str) -> datetime:
    """Return the moment, in UTC unless the text says otherwise. Raises SpecError for any other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SpecError(f"since={text!r} is no moment; write ISO 8601, such as 2026-01-31T03:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
