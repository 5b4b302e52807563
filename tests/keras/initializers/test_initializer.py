"""Seeds, dtypes and shapes of every random initializer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.graph.function import function
from freshet.keras import initializers
from freshet.keras.dtype_policies import floatx, set_floatx
from freshet.keras.initializers import initializer as module
from freshet.keras.random import SeedGenerator
from freshet.ops.random import set_seed

RANDOM = [
    initializers.RandomNormal, initializers.RandomUniform, initializers.TruncatedNormal,
    initializers.VarianceScaling, initializers.GlorotUniform, initializers.GlorotNormal,
    initializers.HeNormal, initializers.HeUniform, initializers.LecunNormal,
    initializers.LecunUniform, initializers.Orthogonal,
]  # fmt: skip


@pytest.mark.parametrize("cls", RANDOM)
class TestEveryRandomInitializer:
    def test_a_seed_fixes_the_values(self, cls: Any) -> None:
        first, again, other = cls(seed=3)((4, 5)), cls(seed=3)((4, 5)), cls(seed=4)((4, 5))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_one_object_gives_the_same_values_each_time(self, cls: Any) -> None:
        initializer = cls()
        assert np.array_equal(initializer((3, 4)), initializer((3, 4)))

    def test_set_seed_fixes_objects_made_without_one(self, cls: Any) -> None:
        set_seed(11)
        first, second = cls()((3, 4)), cls()((3, 4))
        set_seed(11)
        assert np.array_equal(cls()((3, 4)), first)
        assert not np.array_equal(first, second)

    def test_a_generator_gives_other_values_each_time(self, cls: Any) -> None:
        initializer = cls(seed=SeedGenerator(5))
        first = initializer((3, 4))
        assert not np.array_equal(initializer((3, 4)), first)
        assert np.array_equal(cls(seed=SeedGenerator(5))((3, 4)), first)

    def test_a_copy_is_made_by_the_same_arguments(self, cls: Any) -> None:
        initializer = cls(seed=3)
        copy = initializer.clone()
        assert copy.get_config() == initializer.get_config()
        assert np.array_equal(copy((3, 4)), initializer((3, 4)))

    def test_a_saved_generator_comes_back(self, cls: Any) -> None:
        config = initializers.serialize(cls(seed=SeedGenerator(5)))
        made = initializers.deserialize(config)
        assert np.array_equal(made((3, 4)), cls(seed=SeedGenerator(5))((3, 4)))

    def test_dtype_and_shape_are_those_asked_for(self, cls: Any) -> None:
        made = cls(seed=1)([2, 3, 4], dtype="float64")
        assert made.dtype.name == "float64"
        assert made.shape == (2, 3, 4)

    def test_a_seed_that_is_no_number_is_an_error(self, cls: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=r"seed must be a whole number.*'x'"):
            cls(seed="x")

    def test_an_unknown_size_is_an_error(self, cls: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=r"every size must be known, .*\(None, 3\)"):
            cls()((None, 3))


def test_random_integers_are_an_error() -> None:
    with pytest.raises(InvalidArgumentError, match=r"expected a floating-point dtype, .* int32"):
        initializers.RandomNormal()((2,), dtype="int32")


def test_the_dtype_is_floatx_by_default() -> None:
    before = floatx()
    try:
        set_floatx("float64")
        assert initializers.Ones()((2,)).dtype.name == "float64"
        assert initializers.RandomNormal()((2,)).dtype.name == "float64"
    finally:
        set_floatx(before)


def test_traced_values_are_the_eager_ones() -> None:
    initializer = initializers.RandomUniform(seed=3)
    traced = function(lambda: initializer((5, 7)))()
    np.testing.assert_allclose(traced, initializer((5, 7)), rtol=1e-6)


def test_large_draws_are_compiled_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    initializer = initializers.RandomUniform(seed=3)
    eager = initializer((40, 50))
    monkeypatch.setattr(module, "_COMPILE_FROM", 100)
    np.testing.assert_allclose(initializer((40, 50)), eager, rtol=1e-6)


def test_arrays_stand_for_their_values() -> None:
    made = initializers.get(np.array([[1.0, 2.0]]))
    found = made((1, 2), dtype="float32")
    assert found.dtype.name == "float32"
    assert found.numpy().tolist() == [[1.0, 2.0]]
    with pytest.raises(InvalidArgumentError, match=r"given values of shape \(1, 2\), asked for"):
        made((2, 2))


def test_a_function_is_an_initializer() -> None:
    def own(shape: Any, dtype: Any = None) -> Any:
        return shape

    assert initializers.get(own) is own


def test_the_base_class_has_no_values() -> None:
    with pytest.raises(UnimplementedError, match="Initializer has no __call__"):
        initializers.Initializer()((2,))
