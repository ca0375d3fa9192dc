"""Half-done work in the bucket: what counts, what is kept, and what is made again."""

import json

import pytest
from buckets import PARAMS, exchange

from synthprof.base.errors import StageError
from synthprof.orchestration.bucket.storage import shared
from synthprof.orchestration.tasks import child


def test_without_its_receipt_a_shard_counts_for_nothing_but_its_blocks_are_kept(generated):
    (receipt,) = generated.objects("receipt-00000-00001.json")
    generated.bucket.remove(receipt)  # as if the worker had been killed before it could store it
    with pytest.raises(StageError, match="generate has only 0 of 2 blocks; run that stage again first"):
        generated.do("two", "ingest")
    with generated.worker("three") as home, shared("generate", PARAMS, (0, 1)):
        (block,) = home.glob("cl/build/*/generate-*/profiles-00000.arrow")
        before = block.stat().st_ino
        child.run_stage("generate", PARAMS, (0, 1))
        assert block.stat().st_ino == before, "the sealed block was not made again"
    assert generated.objects("receipt-00000-00001.json") == [receipt]


def test_a_failed_stage_leaves_its_sealed_blocks_to_the_next_worker(cluster):
    cluster.do("one", "setup")
    down = pytest.raises(StageError, match="the service is down")
    with down, cluster.worker("one"), shared("generate", PARAMS, (0, 2)):
        child.run_stage("generate", PARAMS, (0, 2))
        raise StageError("the service is down")
    assert cluster.objects("/receipt.json") and not cluster.objects("/receipt-")
    with cluster.worker("two") as home:
        exchange(cluster, "generate", (1, 2)).fetch()
        fetched = {path.name for path in home.glob("cl/build/*/generate-*/*.arrow")}
        assert fetched == {"profiles-00001.arrow", "traits-00001.arrow"}


def test_damaged_contents_are_found_removed_and_made_again(generated):
    (seal,) = generated.objects("seal-00001.json")
    damaged = json.loads(generated.bucket.text(seal))[0]
    (content,) = generated.objects(damaged["xxh128"])
    generated.bucket.put_text(content, "x" * damaged["bytes"])
    with pytest.raises(StageError, match=r"archetypes-00001\.npy of stage generate is missing or damaged"):
        generated.do("two", "ingest")
    assert not generated.objects("receipt-00001-00002.json") and not generated.objects(content)
    generated.do("two", "generate", (1, 2))
    with generated.worker("three"):
        exchange(generated, "ingest").fetch()


def test_force_begins_anew_on_every_worker(generated):
    before = generated.objects("/files/")
    with generated.worker("one") as home:
        (old,) = home.glob("cl/build/*/generate-*/receipt-00000-00001.json")
        generated.do("two", "setup", force=True)
        assert not set(before) & set(generated.objects("/files/"))
        with pytest.raises(StageError, match="run that stage again first"):
            exchange(generated, "vectorize", (0, 1)).fetch()
        assert not old.exists()


def test_a_setup_that_is_cleared_leaves_what_its_forced_run_has_made(generated):
    before = generated.objects("receipt-")
    generated.do("one", "setup", run_id="first", force=True)
    assert before and not generated.objects("receipt-")
    generated.do("one", "generate", (0, 1), run_id="first", force=True)
    made = generated.objects("receipt-")
    generated.do("two", "setup", run_id="first", force=True)
    assert made and generated.objects("receipt-") == made
    generated.do("two", "setup", run_id="second", force=True)
    assert not generated.objects("receipt-")


def test_a_receipt_whose_files_lie_elsewhere_does_not_count(generated):
    """Whoever may write into the bucket may not write anywhere on the machines that read from it."""
    (receipt,) = generated.objects("receipt-00001-00002.json")
    text = generated.bucket.text(receipt)
    generated.bucket.put_text(receipt, text.replace("profiles-00001.arrow", "../../../../escaped.arrow"))
    with pytest.raises(StageError, match="generate has only 1 of 2 blocks; run that stage again first"):
        generated.do("two", "ingest")
    assert not list(generated.folder.rglob("escaped*"))
    generated.do("two", "generate", (1, 2))
    assert generated.bucket.text(receipt).count("profiles-00001.arrow") == 1


def test_a_leftover_of_a_failed_attempt_is_not_read(generated):
    with generated.worker("one") as home:
        (folder,) = home.glob("cl/build/*/generate-*")
        (folder / "archetypes-00007.npy").write_bytes(b"left over")
        (folder / "receipt-00007-00008.json").write_text("{}")
        exchange(generated, "ingest").fetch()
        assert not list(folder.glob("*00007*"))
