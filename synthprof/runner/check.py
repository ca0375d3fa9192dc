"""The check of a published version, whose verdict is kept beside it."""

from synthprof.store.state import at_work
from synthprof.store.verdicts import KeptVerdict, checking, keep_verdict, now_and_release
from synthprof.system.events import Observer, Pace
from synthprof.versions.published import Published
from synthprof.versions.verify import Verdict, verify

UNIT = "steps"


def check(version: Published, blocks: int | None, observe: Observer = lambda *_: None) -> Verdict:
    """Return the verdict of `verify`, and keep it beside the version for those who look at it later.

    Progress is told to `observe`, and to those who look at the data set meanwhile.
    """
    with at_work(checking(version.folder)) as mark:
        tell = Pace(mark.tell, 0.5)

        def progress(done: int, total: int) -> None:
            tell(done, total, 0, UNIT)
            observe("verify", done, total, 0, UNIT)

        verdict = verify(version, blocks, progress)
    keep_verdict(version.folder, _kept(version, verdict))
    return verdict


def _kept(version: Published, verdict: Verdict) -> KeptVerdict:
    at, release = now_and_release()
    return KeptVerdict(
        manifest=version.manifest.digest(),
        at=at,
        release=release,
        sound=verdict.sound,
        files=verdict.files,
        blocks=verdict.blocks,
        blocks_total=verdict.blocks_total,
        findings=verdict.findings,
        summary=verdict.confirmation if verdict.sound else verdict.remedy,
    )
