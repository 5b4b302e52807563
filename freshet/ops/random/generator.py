"""Generators: streams of random numbers whose state can be saved, split and set."""

from __future__ import annotations

import enum
import os
from typing import Any, Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.random.distributions import (
    normal_numbers,
    truncated_normal_numbers,
    uniform_numbers,
)
from freshet.ops.random.keys import full_integers, mixed, mixed_words, restart_streams, words
from freshet.ops.random.rejection import binomial_numbers
from freshet.ops.sizes import static_integer


class Algorithm(enum.Enum):
    """How random bits are made; all of Freshet's are Philox's."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


_PHILOX: Final = ("philox", "auto_select", Algorithm.PHILOX, Algorithm.AUTO_SELECT, None, 1, 3)


def _check_algorithm(alg: Any) -> None:
    known = alg.lower() if isinstance(alg, str) else alg
    if isinstance(known, Tensor):
        known = int(known)
    if known in {"threefry", Algorithm.THREEFRY, 2}:
        raise UnimplementedError("Generator: random bits are Philox's; give alg='philox'")
    if known not in _PHILOX:
        raise InvalidArgumentError(
            f"Generator: alg must be 'philox' or an ft.random.Algorithm, received {alg!r}"
        )


def create_rng_state(seed: Any, alg: Any) -> Tensor:
    """Return the state of a generator: two words that count draws, and the key.

    Args:
        seed: A whole number, which becomes the key; or up to three of them, the words of the state
            from the end.
        alg: "philox" or an `Algorithm`.

    Returns:
        int64[3].

    Example:
        >>> create_rng_state(1234, "philox").numpy().tolist()
        [0, 0, 1234]
    """
    _check_algorithm(alg)
    given = seed.numpy() if isinstance(seed, (Tensor, Variable)) else seed
    numbers = np.asarray(given, object).reshape(-1).tolist()
    if not 1 <= len(numbers) <= 3:
        raise InvalidArgumentError(
            f"create_rng_state: a seed must be one to three whole numbers, received {seed!r}"
        )
    padded = [0] * (3 - len(numbers)) + [int(n) for n in numbers]
    state = np.array([n % 2**64 for n in padded], np.uint64)
    return Tensor._of_array(state.view(np.int64))


class Generator:
    """A stream of random numbers with its state in a variable, which can be saved and restored.

    The state is int64[3]: two words that count draws, and the key. Make one with `from_seed`,
    `from_state`, `from_key_counter` or `from_non_deterministic_state`.

    Args:
        copy_from: Another generator, whose state is copied.
        state: An initial state, instead.
        alg: Only "philox".

    Example:
        >>> one, two = Generator.from_seed(1), Generator.from_seed(1)
        >>> bool((one.normal([3]) == two.normal([3])).numpy().all())
        True
    """

    def __init__(
        self, copy_from: Generator | None = None, state: Any = None, alg: Any = None
    ) -> None:
        if (copy_from is None) == (state is None):
            raise InvalidArgumentError(
                "Generator: give a generator to copy or a state; to start from a seed, use "
                "ft.random.Generator.from_seed(seed)"
            )
        if copy_from is not None:
            start = copy_from.state.value()
        else:
            _check_algorithm(alg)
            start = _state("Generator", state)
        self.state: Variable = Variable(start, trainable=False, name="generator_state")

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """Return the generator of a seed: a whole number, whose low 64 bits count."""
        return cls(state=create_rng_state(seed, alg), alg=alg)

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """Return a generator that goes on from a state, int64[3]."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """Return a generator with a key, one number, and a counter, two of them."""
        return cls(state=_key_counter(key, counter), alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator that differs each time."""
        return cls.from_seed(int.from_bytes(os.urandom(8), "little"), alg)

    # --- state ---

    @property
    def key(self) -> Tensor:
        """The key, one int64."""
        return self.state.value()[2]

    @property
    def algorithm(self) -> int:
        """The number of the algorithm: 1, Philox."""
        return Algorithm.PHILOX.value

    def make_key(self) -> Tensor:
        """Return a key that no other call gets: the seed mixed with the count of draws."""
        state = self.state.value()
        if context.state.tracer is None:
            count, _, own = state._value.tolist()
            self.state.assign(state._value + np.array([1, 0, 0]))
            return mixed_words(words(own), count)
        self.state.assign(state + np.array([1, 0, 0]))
        seed = a.slice_p(state, spec=((2, 3, None),))
        high = e.right_shift_p(seed, Tensor._of_array(np.asarray(32)))
        halves = shaping.concat([m.cast(seed, dtypes.uint32), m.cast(high, dtypes.uint32)], 0)
        number = m.cast(a.slice_p(state, spec=((0, 1, None),)), dtypes.uint32)
        return mixed(halves, number)

    def reset(self, state: Any) -> None:
        """Go on from a state, int64[3]."""
        self.state.assign(_state("reset", state))

    def reset_from_seed(self, seed: Any) -> None:
        """Start again from a seed."""
        self.state.assign(create_rng_state(seed, None))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Go on from a key, one number, and a counter, two of them."""
        self.state.assign(_key_counter(key, counter))

    def skip(self, delta: Any) -> Tensor:
        """Leave out as many draws; return the state before."""
        before = self.state.value()
        ahead = m.cast(convert_to_tensor(delta), dtypes.int64)
        self.state.assign(before + ahead * np.array([1, 0, 0]))
        return before

    def make_seeds(self, count: Any = 1) -> Tensor:
        """Return seeds for stateless functions, int64[2, count]: each column is one."""
        keys = self._full(count)
        return shaping.stack([keys, shaping.zeros_like(keys)], 0)

    def _full(self, count: Any) -> Tensor:
        return full_integers(self.make_key(), [count], dtypes.int64)

    def split(self, count: int = 1) -> list[Generator]:
        """Return new generators, as different from each other and from this one as random ones."""
        number = static_integer("split", "count", count)
        keys = self._full(number)
        nothing = np.zeros(2, np.int64)
        return [
            Generator(state=shaping.concat([nothing, keys[i : i + 1]], 0)) for i in range(number)
        ]

    # --- numbers ---

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Return numbers evenly distributed in ``[minval, maxval)``; integers need a `maxval`.

        With `minval` and `maxval` None, integers take every value of their dtype.
        """
        return uniform_numbers(self.make_key(), shape, minval, maxval, dtype)

    def uniform_full_int(
        self, shape: Any, dtype: Any = dtypes.uint64, name: str | None = None
    ) -> Tensor:
        """Return integers that take every value of their dtype equally often."""
        return full_integers(self.make_key(), shape, as_dtype(dtype))

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Return normally distributed numbers."""
        return normal_numbers(self.make_key(), shape, mean, stddev, dtype)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Return normally distributed numbers, none farther than two deviations from the mean."""
        return truncated_normal_numbers(self.make_key(), shape, mean, stddev, dtype)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = dtypes.int32,
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Return how many of `counts` trials succeed, each with probability `probs`.

        Both broadcast to the last dimensions of `shape`.
        """
        return binomial_numbers(self.make_key(), shape, counts, probs, dtype)


def _state(caller: str, state: Any) -> Tensor:
    value = state.value() if isinstance(state, Variable) else state
    tensor = convert_to_tensor(value, dtype_hint=dtypes.int64)
    if tensor.dtype in {dtypes.uint64, dtypes.int32}:
        tensor = m.cast(tensor, dtypes.int64)
    if tensor.shape != (3,) or tensor.dtype != dtypes.int64:
        raise InvalidArgumentError(f"{caller}: a state must be int64[3], received {tensor._type}")
    return tensor


def _key_counter(key: Any, counter: Any) -> Tensor:
    parts = [convert_to_tensor(v, dtype_hint=dtypes.int64) for v in (counter, key)]
    flat = [shaping.reshape(m.cast(p, dtypes.int64), [-1]) for p in parts]
    if [p.shape.num_elements() for p in flat] != [2, 1]:
        raise InvalidArgumentError(
            "a generator's key must be one number and its counter two, received "
            f"{parts[1]._type} and {parts[0]._type}"
        )
    return shaping.concat(flat, 0)


# --- the global one -------------------------------------------------------------------------------

_global: Generator | None = None


def get_global_generator() -> Generator:
    """Return the generator that the functions without one or a seed draw from."""
    if _global is None:
        with context.init_scope():
            set_global_generator(Generator.from_non_deterministic_state())
    assert _global is not None
    return _global


def set_global_generator(generator: Generator) -> None:
    """Let the functions without a generator or a seed draw from this one.

    A function that was traced before goes on with the generator that it was traced with.
    """
    global _global  # noqa: PLW0603 (it is the global generator)
    _global = generator


def set_seed(seed: int) -> None:
    """Set the global seed: from here on, the same calls give the same numbers.

    What an operation draws follows from the global seed and from how many operations drew before
    it; of one with a seed of its own, from both seeds and from how many with that seed drew before.
    An operation's own seed alone is enough to repeat its numbers. The global generator starts
    again, too.

    Args:
        seed: A whole number; its low 64 bits count.

    Example:
        >>> from freshet.ops.random import uniform
        >>> set_seed(0); x = uniform([1]); set_seed(0); bool(x == uniform([1]))
        True
    """
    get_global_generator().reset_from_seed(int(seed))
    restart_streams(int(seed))
