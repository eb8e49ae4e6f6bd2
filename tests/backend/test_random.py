"""RandomStreams of random numbers: independent, resumable, and never global."""

import pickle
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.backend.random import RandomStreams, seeded_generator

PURPOSES = (
    "init",
    "shuffle",
    "corruption",
    "dropout",
    "validation",
    "split",
    "penalty",
)
every_purpose = pytest.mark.parametrize("purpose", PURPOSES)


def draw(streams, purpose, n=5):
    return torch.rand(n, generator=streams[purpose]).tolist()


@pytest.mark.parametrize("seed", [0, 7, np.int32(7), np.int64(2**40), 2**63 - 1])
def test_seeded_generator_starts_where_torch_does(seed):
    expected = torch.Generator().manual_seed(int(seed))
    actual = seeded_generator(seed)
    assert torch.equal(
        torch.rand(3, generator=actual), torch.rand(3, generator=expected)
    )
    assert actual.device == torch.device("cpu")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31 - 1))
def test_same_seed_gives_the_same_streams(seed):
    one, two = RandomStreams(seed), RandomStreams(np.int64(seed))
    for purpose in PURPOSES:
        assert draw(one, purpose) == draw(two, purpose)
    # No two of its streams are the same, nor those of neighbouring seeds.
    other = RandomStreams(seed + 1)
    seeds = [*one.seeds.values(), *other.seeds.values()]
    assert len(set(seeds)) == 2 * len(PURPOSES)
    assert all(0 <= seed < 2**63 for seed in seeds)


@every_purpose
def test_drawing_from_a_stream_leaves_the_others(purpose):
    one, two = RandomStreams(3), RandomStreams(3)
    draw(one, purpose, 1000)
    for other in PURPOSES:
        same = draw(one, other) == draw(two, other)
        assert same == (other != purpose)


@every_purpose
def test_streams_are_uncorrelated(purpose):
    streams = RandomStreams(0)
    numbers = {
        other: np.array(draw(RandomStreams(0), other, 10_000)) for other in PURPOSES
    }
    for other in set(PURPOSES) - {purpose}:
        correlation = np.corrcoef(draw(streams, purpose, 10_000), numbers[other])[0, 1]
        streams.restart(purpose)
        # Five standard errors of the correlation of independent numbers.
        assert abs(correlation) < 5 / np.sqrt(10_000)


@every_purpose
def test_restart_goes_back_to_the_start(purpose):
    streams = RandomStreams(5)
    first, second = draw(streams, purpose), draw(streams, purpose)
    assert first != second
    assert streams.restart(purpose) is streams[purpose]
    assert draw(streams, purpose) == first


def test_state_goes_on_bitwise():
    streams = RandomStreams(11)
    for n, purpose in enumerate(PURPOSES):
        draw(streams, purpose, n)
        torch.randn(17, generator=streams[purpose])
    state = pickle.loads(pickle.dumps(streams.get_state()))
    resumed = RandomStreams.from_state(state)
    for purpose in PURPOSES:
        assert draw(resumed, purpose, 100) == draw(streams, purpose, 100)
        streams.restart(purpose)
        resumed.restart(purpose)
        assert draw(resumed, purpose) == draw(streams, purpose)


def test_state_is_plain_data_that_later_draws_leave():
    streams = RandomStreams(0)
    state = streams.get_state()
    expected = draw(streams, "shuffle")
    assert draw(RandomStreams.from_state(state), "shuffle") == expected
    assert draw(RandomStreams.from_state(state), "shuffle") == expected
    assert state["device"] == "cpu"
    assert all(type(array) is np.ndarray for array in state["states"].values())


@every_purpose
def test_on_a_device_of_another_kind_only_its_own_streams_restart(purpose):
    streams = RandomStreams(2)
    first = draw(streams, purpose)
    state = streams.get_state()
    second = draw(streams, purpose)
    state["device"] = "cuda"
    restarted = ("corruption", "dropout", "validation", "penalty")
    expected = first if purpose in restarted else second
    assert draw(RandomStreams.from_state(state, "cpu"), purpose) == expected


def test_weights_and_order_come_from_the_cpu():
    streams = RandomStreams(0, torch.device("cpu"))
    assert {streams[purpose].device.type for purpose in PURPOSES} == {"cpu"}
    assert {"init", "shuffle", "split"}.isdisjoint(RandomStreams._ON_DEVICE)


def test_global_random_states_stay():
    torch.manual_seed(0)
    before = (torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate())
    streams = RandomStreams.from_state(RandomStreams(3).get_state())
    for purpose in PURPOSES:
        draw(streams, purpose)
        streams.restart(purpose)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]


def test_global_seeds_have_no_say():
    torch.manual_seed(0)
    expected = draw(RandomStreams(3), "init")
    torch.manual_seed(1)
    np.random.seed(1)
    assert draw(RandomStreams(3), "init") == expected


@every_purpose
def test_purpose_that_a_state_lacks_gets_a_stream(purpose):
    streams = RandomStreams(3)
    for name in PURPOSES:
        draw(streams, name)
    state = pickle.loads(pickle.dumps(streams.get_state()))
    del state["seeds"][purpose], state["states"][purpose]
    first, second = (RandomStreams.from_state(state) for _ in range(2))
    drawn = draw(first, purpose)
    assert drawn == draw(second, purpose)
    first.restart(purpose)
    assert draw(first, purpose) == drawn
    # The others go on where they stood, and the new one is in the state from now on.
    others = [name for name in PURPOSES if name != purpose]
    assert [draw(first, name) for name in others] == [
        draw(streams, name) for name in others
    ]
    again = RandomStreams.from_state(first.get_state())
    assert draw(again, purpose) == draw(first, purpose)


def test_new_stream_depends_on_the_seed():
    drawn = []
    for seed in (3, 4):
        state = RandomStreams(seed).get_state()
        del state["seeds"]["penalty"], state["states"]["penalty"]
        drawn.append(draw(RandomStreams.from_state(state), "penalty"))
    assert drawn[0] != drawn[1]


def test_purpose_that_is_no_more_is_passed_over():
    streams = RandomStreams(3)
    state = streams.get_state()
    state["seeds"]["former"] = 5
    state["states"]["former"] = state["states"]["init"]
    resumed = RandomStreams.from_state(state)
    for purpose in PURPOSES:
        assert draw(resumed, purpose) == draw(streams, purpose)
    assert "former" not in resumed.get_state()["seeds"]
