"""Operators that check, mend and index published versions, each job in a child process as stages are."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from airflow.sdk import Context, Param

from synthprof.base.errors import SpecError
from synthprof.orchestration.bucket import storage
from synthprof.orchestration.tasks import child
from synthprof.orchestration.tasks.fixed import taken, with_types
from synthprof.orchestration.tasks.operator import PUBLISHED, ChildOperator, tell_published
from synthprof.orchestration.tasks.params import declared as declared_param
from synthprof.orchestration.tasks.service import connection_environment
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.spec.params import in_words
from synthprof.store.pointer import VERSION_PATTERN
from synthprof.system.environment import STORAGE

COMMAND = (sys.executable, "-m", "synthprof.runner.child_upkeep")


def version_params() -> dict[str, Param]:
    """Return the parameters that say which version to work on."""
    return {
        "dataset": declared_param("dataset"),
        "version": Param(
            "",
            type=["string", "null"],
            title="Version",
            pattern=in_words("12 of 0-9 and a-f, or nothing", f"^({VERSION_PATTERN})?$"),
            description="Name of the version; the current one unless given. (version)",
        ),
    }


def reindex_params() -> dict[str, Param]:
    """Return the parameters of a ReindexOperator: the version, and the index that it shall have."""
    return version_params() | {
        "index": declared_param("index"),
        "index_memory_mib": declared_param("index_memory_mib"),
    }


def verify_params() -> dict[str, Param]:
    """Return the parameters of a VerifyOperator: the version, and whether all of it is made again."""
    return version_params() | {
        "all_blocks": Param(
            False,
            type="boolean",
            title="All blocks",
            description=f"Make every block again and compare, instead of {FEW_BLOCKS}. (all_blocks)",
        )
    }


def repair_params() -> dict[str, Param]:
    """Return the parameters of a RepairOperator: the version, and whether its build is trusted."""
    return version_params() | {
        "force": Param(
            False,
            type="boolean",
            title="Force",
            description="Make every file again; trust nothing in the build. (force)",
        )
    }


class VersionOperator(ChildOperator):
    """One job on a published version of a data set.

    Each parameter is what its keyword says (which may be a template); else what the run's parameter of that
    name says; else its default: of `version`, the current one. Pushes what the job returns.
    """

    template_fields: Sequence[str] = ("dataset", "version")
    job: ClassVar[str]
    declared: ClassVar[Callable[[], Mapping[str, Param]]]
    publishes: ClassVar[bool] = False
    embeds: ClassVar[bool] = False
    """True where the job may ask the embedding service."""

    command: ClassVar[Sequence[str]] = COMMAND
    only_in_a_folder: ClassVar[str] = ""
    """The reason why the job is refused where versions are published in a bucket; empty: it is not."""

    def __init__(self, *, dataset: str | None = None, version: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        outlets = list(kwargs.pop("outlets", None) or ())  # a mapped task is made with those that it has
        if self.publishes and PUBLISHED not in outlets:
            outlets.append(PUBLISHED)
        super().__init__(outlets=outlets, **kwargs)
        self.dataset = dataset
        self.version = version

    def work(self, context: Context) -> Any:  # noqa: ANN401
        """Do the job; return what its child process has returned."""
        params = self._params(context)
        with self.refusals_logged():
            secrets = self._secrets(params)
            if self.only_in_a_folder and (url := storage.setting()):
                raise SpecError(f"{STORAGE}={url}: {self.only_in_a_folder}")
        value = child.run_stage(self.job, params, command=self.command, on_start=self.hold, variables=secrets)
        if self.publishes:
            tell_published(context, params["dataset"], value)
        return value

    def _secrets(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the variables that the job needs and nobody shall see; they are not in `params`."""
        return connection_environment(self.embeddings_conn_id) if self.embeds else {}

    def _params(self, context: Context) -> dict[str, Any]:
        names = type(self).declared()
        schema = {name: {"type": "string"} | param.schema for name, param in names.items()}
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        self.check_names(context["params"], given, own=self.dag.params.keys() - names.keys())
        defaults = {name: param.value for name, param in names.items()}
        return defaults | taken(context["params"], names) | with_types(given, schema)


class VerifyOperator(VersionOperator):
    """Compare a version with its checksums, and blocks of it with what its spec gives when made again.

    all_blocks: make every block again. Fails, without retries, if anything differs.
    """

    template_fields = ("dataset", "version", "all_blocks")
    job = "verify"
    declared = verify_params

    def __init__(self, *, all_blocks: bool | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.all_blocks = all_blocks


class ReindexOperator(VersionOperator):
    """Publish a version once more with another search index, and emit an event of the data set's asset.

    index: its kind. index_memory_mib: the memory that it may take.
    """

    template_fields = ("dataset", "version", "index", "index_memory_mib")
    job = "reindex"
    declared = reindex_params
    publishes = True
    embeds = True
    only_in_a_folder = (
        "another index is published only in a folder; make the data set with that index by the DAG "
        "that made it"
    )

    def __init__(
        self,
        *,
        index: str | None = None,
        index_memory_mib: int | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.index = index
        self.index_memory_mib = index_memory_mib


class RepairOperator(VersionOperator):
    """Make a damaged version whole: only damaged files are made again, and the digests are what they were.

    force: make every file again, and trust nothing in the build.
    """

    template_fields = ("dataset", "version", "force")
    job = "repair"
    declared = repair_params
    only_in_a_folder = "a version is repaired only in a folder; clear the task publish of its run"

    def __init__(self, *, force: bool | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.force = force
