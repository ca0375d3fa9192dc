"""Bad texts are found in few requests, and no good one is taken for bad. No service, only its chances."""

import random
from collections import Counter

import pytest

from synthprof.encoders.slow.batches import Batches
from synthprof.spec.spec import Runtime

BUSY, ERROR = 0.05, 0.02


class _Service:
    """Fails as tests/fault_server.py does: for busy, for reasons of its own, and for every poison."""

    def __init__(self, poison: set[int], seed: int) -> None:
        self.poison = poison
        self.chance = random.Random(seed)
        self.requests = 0

    def answers(self, items: tuple[int, ...]) -> bool:
        self.requests += 1
        while self.chance.random() < BUSY:  # asked again at once
            self.requests += 1
        return self.chance.random() >= ERROR and self.poison.isdisjoint(items)


def _settle(batches: Batches[int], service: _Service, in_flight: int) -> Counter[int]:
    """The number of answers to each item; several batches are under way and end in any order."""
    answered: Counter[int] = Counter()
    running = []
    while batches or running:
        while batches and len(running) < in_flight:
            running.append(batches.take())
        batch = running.pop(service.chance.randrange(len(running)))
        if service.answers(batch.items):
            answered.update(batch.items)
            batches.succeeded(batch)
        else:
            batches.failed(batch)
    return answered


def test_a_thousandth_of_bad_texts_costs_less_than_a_third_more_requests_at_the_default_size() -> None:
    rows, size = 50_000, Runtime().batch_size
    ratios = []
    for seed in range(3):
        poison = set(range(500, rows, 1_000))
        service = _Service(poison, seed)
        batches = Batches(range(rows), size)
        answered = _settle(batches, service, 4)
        alone = [item for item in batches.suspects if not service.answers((item,))]
        recorded = [item for item in alone if not service.answers((item,))]
        assert set(recorded) == poison
        assert set(answered) | set(batches.suspects) == set(range(rows))
        ratios.append(service.requests * size / rows)
    assert sum(ratios) / len(ratios) <= 1.3, ratios


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_everything_is_answered_once_or_stands_alone_however_much_is_bad(share: float, size: int) -> None:
    chance = random.Random(size)
    poison = {item for item in range(600) if chance.random() < share}
    batches = Batches(range(600), size)
    answered = _settle(batches, _Service(poison, 1), 3)
    assert set(answered.values()) <= {1}
    assert not set(answered) & set(batches.suspects)
    assert poison <= set(batches.suspects)
    assert sorted([*answered, *batches.suspects]) == list(range(600))


def test_a_batch_that_is_put_back_is_asked_for_again_as_it_was() -> None:
    batches = Batches(range(40), 8)
    first = batches.take()
    batches.failed(first)
    passenger = batches.take()
    batches.put_back(passenger)
    assert batches.take().items == passenger.items
    assert first.items == tuple(range(8))
    assert len(passenger.group) == 1
