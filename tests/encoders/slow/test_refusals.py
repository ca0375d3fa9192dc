"""Limits and waits as services word them; the sentences are those of public bug reports, some shortened."""

import email.utils
import time
from typing import Any

import pytest

from synthprof.encoders.slow.refusals import asked_wait, batch_limit


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("batch size 64 > maximum allowed batch size 32", 32),
        ("batchsize=64 >Max BatchSize=32", 32),
        ("input batch size 64 > maximum allowed batch size 32", 32),
        ("List should have at most 32 items after validation, not 64", 32),
        ("Too many inputs. The max number of inputs is 16.  We hope to increase the number soon.", 16),
        ("Too many inputs for model None. The max number of inputs is 1. Please contact us", 1),
        (
            "'$.input' is invalid. Expected an array with maximum length 32, but got an array with length 64",
            32,
        ),
        ("invalid request: total number of texts must be at most 48, received 64", 48),
        ("Value error, batch size is invalid, it should not be larger than 10.: input.contents", 10),
        ("BatchEmbedContentsRequest.requests: at most 50 requests can be in one batch", 50),
        ("input数组最大不得超过32条", 32),
        ("Batch size 64 exceeds limit of 8", 8),
        ("64 inputs exceed the maximum of 20", 20),
        ("number of inputs: 64. Limit: 2", 2),
    ],
)
def test_a_stated_number_of_texts_is_found(said: str, limit: int) -> None:
    assert batch_limit(said, 64) == limit


@pytest.mark.parametrize(
    "said",
    [
        "<html><head><title>413 Request Entity Too Large</title></head><hr>nginx/1.25.3</html>",
        "This model's maximum context length is 512 tokens. However, you requested 600 tokens in the input",
        "Invalid 'input[3]': maximum input length is 512 tokens.",
        "Requested 306000 tokens, max 300000 tokens per request",
        "The max allowed tokens per submitted batch is 120000. Your batch has 121138 tokens.",
        "Batch size too large, max: 512 tokens",
        "input (600 tokens) is too large to process. increase the physical batch size",
        "Failed to buffer the request body: length limit exceeded",
        "dimensions must be at most 512 for this input",
        "payload of the request exceeds the limit of 2 MB",
        "batch size 9000 > maximum allowed batch size 8192",
        "",
    ],
)
def test_other_numbers_are_no_limit_of_texts(said: str) -> None:
    assert batch_limit(said, 1_024) == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "inf"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": lambda now: email.utils.formatdate(now + 90, usegmt=True)}, 90),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360),
        ({"x-ratelimit-reset-requests": "1h2m3.5s", "x-ratelimit-reset-tokens": "2h"}, 3723.5),
        (
            {
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "7s",
                "x-ratelimit-remaining-requests": "99",
                "x-ratelimit-reset-requests": "1d",
            },
            7,
        ),
        ({"x-ratelimit-reset": lambda now: str(now + 30)}, 30),
        ({"x-ratelimit-reset": lambda now: str(int(now * 1_000) + 30_000)}, 30),
        ({"ratelimit-reset": "12"}, 12),
        ({}, 0),
    ],
)
def test_a_wait_is_read_from_whatever_header_asks_for_it(headers: dict[str, Any], seconds: float) -> None:
    now = time.time()
    given = {name: value(now) if callable(value) else value for name, value in headers.items()}
    asked = asked_wait(given, None, busy=True)
    assert asked == pytest.approx(seconds, abs=5 if given != headers else 0.01)


def test_a_limit_that_will_be_lifted_counts_only_for_a_service_that_is_busy() -> None:
    assert asked_wait({"x-ratelimit-reset": "60"}, None, busy=False) == 0
    assert (
        asked_wait({}, {"error": "Model m is currently loading", "estimated_time": 20.5}, busy=True) == 20.5
    )
