"""Matches of avatars in the explorer, as their files have them, and the run that makes one."""

from pathlib import Path

from explorers import alone, answer

from synthprof.delivery.matching.job import match
from synthprof.delivery.matching.order import MatchOrder
from synthprof.runner.run import run_all
from synthprof.spec.request import Request

ORDER = {
    **{"dataset": "drawn", "profiles": 40, "clusters": 1, "kmeans_niter": 1, "dim_embedding": 24},
    **{"avatars": True, "avatar_copies": 0.5, "index": "flat", "prose": "card", "workers": 1},
}
ONE = "/api/datasets/drawn/versions/current"


def test_a_match_is_told_as_its_files_have_it_and_what_is_damaged_is_told_too(tmp_path: Path) -> None:
    run_all(Request.from_params(ORDER), tmp_path)
    with alone(tmp_path) as client:
        assert answer(client, f"{ONE}/matches") == {"matches": []}
        made = match(tmp_path, MatchOrder(dataset="drawn"))
        (found,) = answer(client, f"{ONE}/matches")["matches"]
        facts = made.facts()
        assert found["pictures"] == facts["rows"]
        for name in ("pairs", "groups", "options"):
            assert found[name] == facts[name]
        assert (found["recall"], found["precision"]) == (made.scores["recall"], made.scores["precision"])
        assert (found["state"], found["folder"], found["problem"]) == ("finished", str(made.folder), None)
        refused = client.post(f"{ONE}/match", json={"features": 100})
        assert refused.status_code == 409, refused.text  # without Airflow nobody runs it
        assert client.post(f"{ONE}/match", json={"features": 5_000}).status_code == 422
        (made.folder / "pictures.parquet").write_bytes(b"nothing")
        (found,) = answer(client, f"{ONE}/matches")["matches"]
        assert found["pairs"] is None
        assert "remove the folder and match again" in found["problem"]
