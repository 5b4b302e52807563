"""Keys of random operations, with their state."""

from __future__ import annotations

import numpy as np

import freshet as ft
from freshet.keras.random import SeedGenerator, draw_seed


def keys(generator: SeedGenerator, count: int) -> list[tuple[int, ...]]:
    return [tuple(np.asarray(generator.next().numpy()).tolist()) for _ in range(count)]


def test_each_key_is_given_out_once_and_the_seed_decides() -> None:
    found = keys(SeedGenerator(7), 100)
    assert len(set(found)) == 100
    assert keys(SeedGenerator(7), 100) == found
    assert not set(keys(SeedGenerator(8), 100)) & set(found)


def test_the_state_can_be_put_back() -> None:
    generator = SeedGenerator(7)
    keys(generator, 3)
    before = np.array(generator.state.numpy())
    found = keys(generator, 5)
    generator.state.assign(before)
    assert keys(generator, 5) == found


def test_a_traced_function_draws_anew_in_every_run() -> None:
    generator, eager = SeedGenerator(7), SeedGenerator(7)
    draw = ft.function(generator.next)
    found = [tuple(np.asarray(draw().numpy()).tolist()) for _ in range(5)]
    assert found == keys(eager, 5)


def test_without_a_seed_the_global_one_decides() -> None:
    found = []
    for seed in (1, 1, 2):
        ft.random.set_seed(seed)
        found.append((keys(SeedGenerator(), 2), draw_seed()))
    assert found[0] == found[1] != found[2]


def test_a_seed_is_drawn_also_while_tracing() -> None:
    @ft.function
    def make():
        seeds.append(draw_seed())
        return 1

    seeds: list[int] = []
    make()
    assert 0 <= seeds[0] < 2**64


def test_configuration() -> None:
    generator = SeedGenerator(7, name="dice")
    assert generator.get_config() == {"seed": 7, "name": "dice"}
    assert keys(SeedGenerator.from_config(generator.get_config()), 3) == keys(generator, 3)
