"""Write what Keras computes into the JSON files beside this one.

Run it where Keras is installed with JAX, whenever a case is added, and read the difference:

    KERAS_BACKEND=jax python tests/keras/oracle/make.py

The tests read the files; they need neither Keras nor this script. Each case holds its inputs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

HERE = Path(__file__).parent
RNG = np.random.default_rng(20260101)
Case = dict[str, Any]


def listed(value: Any) -> Any:
    """Return arrays as lists of the shortest numbers that are read back as the same float32."""
    if isinstance(value, (list, tuple)):
        return [listed(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return array.tolist()
    return _short(array.astype(np.float32))


def _short(array: Any) -> Any:
    if array.ndim:
        return [_short(part) for part in array]
    return float(np.format_float_positional(array, unique=True))


def write(name: str, cases: list[Case]) -> None:
    """Write a file with one case a line, so that differences are readable."""
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def floats(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return RNG.uniform(low, high, shape).astype(np.float32)


def probabilities(*shape: int) -> np.ndarray:
    raw = np.exp(floats(*shape))
    return (raw / raw.sum(-1, keepdims=True)).astype(np.float32)


def classes(number: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, number, shape).astype(np.int32)


def one_hot(number: int, *shape: int) -> np.ndarray:
    return np.eye(number, dtype=np.float32)[classes(number, *shape)]


# --- functions ------------------------------------------------------------------------------------


def function_cases() -> list[Case]:
    x = np.concatenate([floats(8, low=-8, high=8), [0.0, -1.0, 1.0, 6.0]]).astype(np.float32)
    matrix = floats(3, 4)
    named: list[tuple[str, str, dict[str, Any], np.ndarray]] = [
        ("activations", n, {}, x)
        for n in (
            "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu",
            "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6", "selu",
            "sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus",
            "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
        )
    ]  # fmt: skip
    named += [
        ("activations", "relu", {"negative_slope": 0.25}, x),
        ("activations", "relu", {"max_value": 3.0}, x),
        ("activations", "relu", {"threshold": 1.5}, x),
        ("activations", "relu", {"negative_slope": 0.5, "max_value": 4.0, "threshold": 1.0}, x),
        ("activations", "leaky_relu", {"negative_slope": 0.5}, x),
        ("activations", "elu", {"alpha": 0.5}, x),
        ("activations", "celu", {"alpha": 2.0}, x),
        ("activations", "gelu", {"approximate": True}, x),
        ("activations", "squareplus", {"b": 1.0}, x),
        ("activations", "threshold", {"threshold": 1.0, "default_value": -3.0}, x),
        ("activations", "hard_shrink", {"threshold": 2.0}, x),
        ("activations", "soft_shrink", {"threshold": 2.0}, x),
        ("activations", "softmax", {}, matrix),
        ("activations", "softmax", {"axis": 0}, matrix),
        ("activations", "softmax", {"axis": [0, 1]}, matrix),
        ("activations", "log_softmax", {}, matrix),
        ("activations", "log_softmax", {"axis": 0}, matrix),
        ("activations", "glu", {}, matrix),
    ]
    objects: list[tuple[str, str, dict[str, Any], np.ndarray]] = [
        ("regularizers", "L1", {"l1": 0.3}, matrix),
        ("regularizers", "L2", {"l2": 0.3}, matrix),
        ("regularizers", "L1L2", {"l1": 0.1, "l2": 0.2}, matrix),
        ("regularizers", "L1L2", {}, matrix),
        ("regularizers", "OrthogonalRegularizer", {"factor": 0.2}, matrix),
        ("regularizers", "OrthogonalRegularizer", {"mode": "columns"}, matrix),
        ("constraints", "MaxNorm", {}, matrix * 3),
        ("constraints", "MaxNorm", {"max_value": 0.5, "axis": 1}, matrix),
        ("constraints", "MaxNorm", {"axis": [0, 1, 2]}, floats(2, 2, 3, 4)),
        ("constraints", "NonNeg", {}, matrix),
        ("constraints", "UnitNorm", {}, matrix),
        ("constraints", "UnitNorm", {"axis": 1}, matrix),
        ("constraints", "MinMaxNorm", {"min_value": 1.0, "max_value": 2.0}, matrix),
        ("constraints", "MinMaxNorm", {"min_value": 1.0, "max_value": 2.0, "rate": 0.5}, matrix),
    ]
    cases = []
    for family, name, kwargs, value in [*named, *objects]:
        found = getattr(getattr(keras, family), name)
        arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()}
        case = {"family": family, "name": name, "kwargs": kwargs, "x": listed(value)}
        if family == "activations":
            case["y"] = listed(found(keras.ops.array(value), **arguments))
        else:
            made = found(**arguments)
            case["y"] = listed(made(keras.ops.array(value)))
            case["config"] = keras.saving.serialize_keras_object(made)
        cases.append(case)
    return cases


# --- losses ---------------------------------------------------------------------------------------


def loss_cases() -> list[Case]:
    numbers = floats(6, 3), floats(6, 3)
    positive = floats(6, 3, low=0.0), floats(6, 3, low=0.0)
    column = floats(6), floats(6, 1)
    wide = floats(2, 4, 3), floats(2, 4, 3)
    distributions = probabilities(6, 4), probabilities(6, 4)
    hot = one_hot(4, 6), probabilities(6, 4)
    logits = one_hot(4, 6), floats(6, 4, low=-4, high=4)
    labels = classes(4, 6), probabilities(6, 4)
    label_logits = classes(4, 6), floats(6, 4, low=-4, high=4)
    maps = classes(4, 2, 3), floats(2, 3, 4)
    answers = classes(2, 6, 3).astype(np.float32), floats(6, 3, low=0.0, high=1.0)
    answer_logits = answers[0], floats(6, 3, low=-4, high=4)
    signs = answers[0] * 2 - 1, floats(6, 3)
    column_labels = labels[0][:, None], labels[1]
    ignoring = np.where(label_logits[0] == 1, -1, label_logits[0]), label_logits[1]
    ignoring_p = np.where(labels[0] == 2, 255, labels[0]), labels[1]
    rows: list[tuple[str, dict[str, Any], tuple[np.ndarray, np.ndarray]]] = [
        ("MeanSquaredError", {}, numbers),
        ("MeanSquaredError", {}, column),
        ("MeanSquaredError", {}, wide),
        ("MeanAbsoluteError", {}, numbers),
        ("MeanAbsoluteError", {}, column),
        ("MeanAbsolutePercentageError", {}, numbers),
        ("MeanSquaredLogarithmicError", {}, positive),
        ("MeanSquaredLogarithmicError", {}, numbers),
        ("Huber", {}, numbers),
        ("Huber", {"delta": 0.3}, numbers),
        ("LogCosh", {}, numbers),
        ("CosineSimilarity", {}, numbers),
        ("CosineSimilarity", {"axis": 0}, numbers),
        ("KLDivergence", {}, distributions),
        ("KLDivergence", {}, hot),
        ("Poisson", {}, positive),
        ("Hinge", {}, signs),
        ("Hinge", {}, answer_logits),
        ("SquaredHinge", {}, signs),
        ("SquaredHinge", {}, answer_logits),
        ("CategoricalHinge", {}, hot),
        ("BinaryCrossentropy", {}, answers),
        ("BinaryCrossentropy", {"label_smoothing": 0.2}, answers),
        ("BinaryCrossentropy", {"from_logits": True}, answer_logits),
        ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, answer_logits),
        ("BinaryCrossentropy", {}, (answers[0], np.round(answers[1]))),
        ("CategoricalCrossentropy", {}, hot),
        ("CategoricalCrossentropy", {}, distributions),
        ("CategoricalCrossentropy", {"label_smoothing": 0.1}, hot),
        ("CategoricalCrossentropy", {}, (hot[0], hot[1] * 3)),
        ("CategoricalCrossentropy", {"from_logits": True}, logits),
        ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, logits),
        ("CategoricalCrossentropy", {"from_logits": True, "axis": 0}, logits),
        ("SparseCategoricalCrossentropy", {}, labels),
        ("SparseCategoricalCrossentropy", {}, column_labels),
        ("SparseCategoricalCrossentropy", {}, (labels[0], labels[1] * 3)),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, label_logits),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, maps),
        ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": -1}, ignoring),
        ("SparseCategoricalCrossentropy", {"ignore_class": 255}, ignoring_p),
    ]
    cases = []
    for name, kwargs, (y_true, y_pred) in rows:
        weight = floats(len(y_true), low=0.0)
        weighable = y_pred.ndim < 3 and kwargs.get("axis") != 0
        losses = []
        for reduction, given in [
            ("sum_over_batch_size", None),
            ("sum", None),
            ("none", None),
            ("sum_over_batch_size", weight),
            ("mean_with_sample_weight", weight),
        ]:
            if given is None or weighable:
                loss = getattr(keras.losses, name)(reduction=reduction, **kwargs)
                value = listed(loss(y_true, y_pred, sample_weight=given))
                losses.append([reduction, given is not None, value])
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "y_true": listed(y_true),
                "y_pred": listed(y_pred),
                "labels": str(y_true.dtype),
                "sample_weight": listed(weight),
                "losses": losses,
                "config": keras.losses.serialize(loss),
            }
        )
    return cases


# --- metrics --------------------------------------------------------------------------------------


def metric_cases() -> list[Case]:
    def batches(*makers: Any) -> list[list[Any]]:
        return [[make() for make in makers] for _ in range(3)]

    numbers = batches(lambda: floats(5, 3), lambda: floats(5, 3))
    positive = batches(lambda: floats(5, 3, low=0), lambda: floats(5, 3, low=0))
    weighted = [[*b, floats(5, low=0.0)] for b in numbers]
    values = batches(lambda: floats(5, 3))
    weighted_values = [[*b, floats(5, low=0.0)] for b in values]
    whole = batches(lambda: classes(3, 6), lambda: classes(3, 6))
    hot = batches(lambda: one_hot(7, 5), lambda: probabilities(5, 7))
    labels = batches(lambda: classes(7, 5), lambda: probabilities(5, 7))
    label_columns = batches(lambda: classes(7, 5, 1), lambda: probabilities(5, 7))
    weighted_labels = [[*b, floats(5, low=0.0)] for b in labels]
    maps = batches(lambda: classes(4, 2, 3), lambda: probabilities(2, 3, 4))
    logits = batches(lambda: classes(4, 5), lambda: floats(5, 4))
    answers = batches(lambda: classes(2, 30), lambda: floats(30, low=0.0, high=1.0))
    answers[1][1][:4] = [0.0, 1.0, 0.5, 0.5]
    weighted_answers = [[*b, floats(30, low=0.0)] for b in answers]
    table = batches(lambda: classes(2, 8, 3), lambda: floats(8, 3, low=0.0, high=1.0))
    weighted_table = [[*b, floats(8, low=0.0)] for b in table]
    rows: list[tuple[str, dict[str, Any], list[list[Any]]]] = [
        ("Mean", {}, values),
        ("Mean", {}, weighted_values),
        ("Sum", {}, values),
        ("Sum", {}, weighted_values),
        ("Accuracy", {}, whole),
        ("BinaryAccuracy", {}, answers),
        ("BinaryAccuracy", {"threshold": 0.3}, answers),
        ("BinaryAccuracy", {}, weighted_table),
        ("CategoricalAccuracy", {}, hot),
        ("SparseCategoricalAccuracy", {}, labels),
        ("SparseCategoricalAccuracy", {}, label_columns),
        ("SparseCategoricalAccuracy", {}, weighted_labels),
        ("SparseCategoricalAccuracy", {}, maps),
        ("TopKCategoricalAccuracy", {"k": 2}, hot),
        ("SparseTopKCategoricalAccuracy", {"k": 3}, labels),
        ("SparseTopKCategoricalAccuracy", {"k": 2}, maps),
        ("MeanSquaredError", {}, numbers),
        ("MeanSquaredError", {}, weighted),
        ("RootMeanSquaredError", {}, numbers),
        ("RootMeanSquaredError", {}, weighted),
        ("MeanAbsoluteError", {}, numbers),
        ("MeanAbsolutePercentageError", {}, numbers),
        ("MeanSquaredLogarithmicError", {}, positive),
        ("LogCoshError", {}, numbers),
        ("CosineSimilarity", {}, numbers),
        ("CosineSimilarity", {"axis": 1}, numbers),
        ("BinaryCrossentropy", {}, table),
        ("BinaryCrossentropy", {"label_smoothing": 0.1}, weighted_table),
        ("CategoricalCrossentropy", {}, hot),
        ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, hot),
        ("SparseCategoricalCrossentropy", {}, labels),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, logits),
        ("KLDivergence", {}, hot),
        ("Poisson", {}, positive),
        ("Hinge", {}, table),
        ("SquaredHinge", {}, table),
        ("CategoricalHinge", {}, hot),
        ("TruePositives", {}, answers),
        ("TruePositives", {}, weighted_answers),
        ("TrueNegatives", {"thresholds": 0.3}, answers),
        ("FalsePositives", {"thresholds": [0.2, 0.5, 0.9]}, answers),
        ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, answers),
        ("Precision", {}, answers),
        ("Precision", {}, weighted_answers),
        ("Precision", {"thresholds": [0.25, 0.75]}, table),
        ("Precision", {"top_k": 2}, table),
        ("Precision", {"class_id": 1}, weighted_table),
        ("Precision", {"top_k": 2, "class_id": 1}, table),
        ("Recall", {}, answers),
        ("Recall", {"thresholds": [0.25, 0.75]}, weighted_table),
        ("Recall", {"top_k": 1}, table),
        ("Recall", {"class_id": 2, "thresholds": 0.4}, table),
        ("AUC", {}, answers),
        ("AUC", {}, weighted_answers),
        ("AUC", {"num_thresholds": 5}, answers),
        ("AUC", {"curve": "PR"}, answers),
        ("AUC", {"curve": "PR", "summation_method": "majoring"}, answers),
        ("AUC", {"curve": "PR", "summation_method": "minoring"}, weighted_answers),
        ("AUC", {"curve": "PRGAIN"}, answers),
        ("AUC", {"summation_method": "minoring"}, answers),
        ("AUC", {"thresholds": [0.1, 0.4, 0.8]}, answers),
        ("AUC", {"multi_label": True}, table),
        ("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [0.2, 0.3, 0.5]}, table),
        ("AUC", {"label_weights": [0.2, 0.3, 0.5]}, table),
        ("AUC", {"from_logits": True}, [[b[0], b[1] * 6 - 3] for b in answers]),
        ("MeanIoU", {"num_classes": 3}, whole),
        ("MeanIoU", {"num_classes": 5}, whole),
        ("MeanIoU", {"num_classes": 3, "ignore_class": 1}, whole),
        ("MeanIoU", {"num_classes": 4, "sparse_y_pred": False}, maps),
        ("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, whole),
        ("BinaryIoU", {"threshold": 0.4}, answers),
        ("OneHotIoU", {"num_classes": 7, "target_class_ids": [1, 2]}, hot),
        ("OneHotMeanIoU", {"num_classes": 7}, hot),
    ]
    cases = []
    for name, kwargs, given in rows:
        metric = getattr(keras.metrics, name)(**kwargs)
        results = []
        for batch in given:
            metric.update_state(*batch)
            results.append(listed(metric.result()))
        config = keras.metrics.serialize(metric)
        if name == "AUC" and kwargs.get("label_weights"):
            config["config"]["label_weights"] = kwargs["label_weights"]
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "batches": listed(given),
                "dtypes": [str(part.dtype) for part in given[0]],
                "results": results,
                "config": config,
            }
        )
    return cases


# --- optimizers -----------------------------------------------------------------------------------


def optimizer_cases() -> list[Case]:
    start = [floats(3, 2), floats(2)]
    gradients = [[floats(3, 2), floats(2)] for _ in range(5)]
    schedule: dict[str, Any] = {"class_name": "ExponentialDecay", "config": {
        "initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5,
    }}  # fmt: skip
    rows: list[tuple[str, dict[str, Any]]] = [
        ("SGD", {}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
        ("Adam", {}),
        ("Adam", {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
        ("Adam", {"learning_rate": 0.1, "amsgrad": True}),
        ("AdamW", {"learning_rate": 0.1}),
        ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.5}),
        ("RMSprop", {}),
        ("RMSprop", {"learning_rate": 0.1, "rho": 0.8, "momentum": 0.5}),
        ("RMSprop", {"learning_rate": 0.1, "centered": True}),
        ("RMSprop", {"learning_rate": 0.1, "momentum": 0.5, "centered": True}),
        ("Adagrad", {"learning_rate": 0.1}),
        ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.0, "epsilon": 1e-3}),
        ("Adadelta", {"learning_rate": 1.0}),
        ("Adadelta", {"learning_rate": 1.0, "rho": 0.5, "epsilon": 1e-2}),
        ("Adamax", {"learning_rate": 0.1}),
        ("Nadam", {"learning_rate": 0.1}),
        ("SGD", {"learning_rate": 0.1, "weight_decay": 0.1}),
        ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
        ("SGD", {"learning_rate": 0.1, "clipvalue": 0.5}),
        ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.5}),
        ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.5}),
        ("Adam", {"learning_rate": 0.1, "use_ema": True, "ema_overwrite_frequency": 2}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "gradient_accumulation_steps": 2}),
        ("Adam", {"learning_rate": 0.1, "gradient_accumulation_steps": 3}),
        ("Nadam", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}),
        ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 4.0}),
        ("Adam", {"learning_rate": schedule}),
        ("Lion", {"learning_rate": 0.1}),
        ("Lion", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8, "weight_decay": 0.1}),
        ("Lamb", {"learning_rate": 0.1}),
        ("Lamb", {"learning_rate": 0.1, "beta_1": 0.8, "epsilon": 1e-3}),
        ("Ftrl", {"learning_rate": 0.1}),
        ("Ftrl", {"learning_rate": 0.1, "learning_rate_power": -0.7, "beta": 0.2,
                  "initial_accumulator_value": 0.3, "l1_regularization_strength": 0.5,
                  "l2_regularization_strength": 0.1,
                  "l2_shrinkage_regularization_strength": 0.05}),
    ]  # fmt: skip
    cases = []
    for name, kwargs in rows:
        arguments = dict(kwargs)
        if isinstance(arguments.get("learning_rate"), dict):
            arguments["learning_rate"] = keras.optimizers.schedules.deserialize(schedule)
        optimizer = getattr(keras.optimizers, name)(name="optimizer", **arguments)
        variables = [
            keras.Variable(value, name=n)
            for value, n in zip(start, ("kernel", "bias"), strict=True)
        ]
        steps = []
        for pair in gradients:
            optimizer.apply([keras.ops.array(g) for g in pair], variables)
            steps.append([listed(v.value) for v in variables])
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "start": listed(start),
                "gradients": listed(gradients),
                "steps": steps,
                "state": [listed(v.value) for v in optimizer.variables],
                "names": [v.name for v in optimizer.variables],
                "config": keras.optimizers.serialize(optimizer),
            }
        )
    return cases


def schedule_cases() -> list[Case]:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("ExponentialDecay", {"initial_learning_rate": 0.2, "decay_steps": 7, "decay_rate": 0.9}),
        (
            "ExponentialDecay",
            {"initial_learning_rate": 0.2, "decay_steps": 7, "decay_rate": 0.9, "staircase": True},
        ),
        ("InverseTimeDecay", {"initial_learning_rate": 0.2, "decay_steps": 3, "decay_rate": 0.5}),
        (
            "InverseTimeDecay",
            {"initial_learning_rate": 0.2, "decay_steps": 3, "decay_rate": 0.5, "staircase": True},
        ),
        ("PolynomialDecay", {"initial_learning_rate": 0.2, "decay_steps": 10}),
        (
            "PolynomialDecay",
            {
                "initial_learning_rate": 0.2,
                "decay_steps": 10,
                "end_learning_rate": 0.01,
                "power": 2.0,
            },
        ),
        (
            "PolynomialDecay",
            {"initial_learning_rate": 0.2, "decay_steps": 4, "power": 0.5, "cycle": True},
        ),
        ("CosineDecay", {"initial_learning_rate": 0.2, "decay_steps": 12}),
        ("CosineDecay", {"initial_learning_rate": 0.2, "decay_steps": 12, "alpha": 0.1}),
        (
            "CosineDecay",
            {
                "initial_learning_rate": 0.2,
                "decay_steps": 9,
                "warmup_target": 0.5,
                "warmup_steps": 4,
            },
        ),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.2, "first_decay_steps": 3}),
        (
            "CosineDecayRestarts",
            {"initial_learning_rate": 0.2, "first_decay_steps": 4, "t_mul": 1.0, "m_mul": 0.5},
        ),
        (
            "CosineDecayRestarts",
            {
                "initial_learning_rate": 0.2,
                "first_decay_steps": 3,
                "t_mul": 1.5,
                "m_mul": 0.9,
                "alpha": 0.1,
            },
        ),
        ("PiecewiseConstantDecay", {"boundaries": [3, 10], "values": [1.0, 0.5, 0.1]}),
    ]
    steps = list(range(23))
    cases = []
    for name, kwargs in rows:
        schedule = getattr(keras.optimizers.schedules, name)(**kwargs)
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "steps": steps,
                "rates": [float(schedule(step)) for step in steps],
                "config": keras.optimizers.schedules.serialize(schedule),
            }
        )
    return cases


# --- initializers ---------------------------------------------------------------------------------


def initializer_cases() -> list[Case]:
    """Return shapes and statistics: the numbers themselves differ between random generators."""
    rows: list[tuple[str, dict[str, Any]]] = [
        ("Zeros", {}),
        ("Ones", {}),
        ("Constant", {"value": 0.3}),
        ("Identity", {"gain": 2.0}),
        ("RandomNormal", {"mean": 0.5, "stddev": 0.2, "seed": 1}),
        ("RandomUniform", {"minval": -0.1, "maxval": 0.3, "seed": 1}),
        ("TruncatedNormal", {"mean": 0.5, "stddev": 0.2, "seed": 1}),
        ("VarianceScaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "uniform"}),
        ("VarianceScaling", {"mode": "fan_out", "distribution": "untruncated_normal", "seed": 2}),
        ("VarianceScaling", {"input_axes": [1], "output_axes": [0], "seed": 2}),
        ("GlorotUniform", {}),
        ("GlorotNormal", {"seed": 3}),
        ("HeNormal", {"seed": 3}),
        ("HeUniform", {"seed": 3}),
        ("LecunNormal", {"seed": 3}),
        ("LecunUniform", {"seed": 3}),
        ("Orthogonal", {"gain": 1.5, "seed": 3}),
    ]
    cases = []
    for name, kwargs in rows:
        initializer = getattr(keras.initializers, name)(**kwargs)
        values = np.asarray(initializer((200, 300)))
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "shape": [200, 300],
                "mean": float(values.mean()),
                "std": float(values.std()),
                "min": float(values.min()),
                "max": float(values.max()),
                "config": keras.initializers.serialize(initializer),
            }
        )
    return cases


if __name__ == "__main__":
    write("functions", function_cases())
    write("losses", loss_cases())
    write("metrics", metric_cases())
    write("optimizers", optimizer_cases())
    write("schedules", schedule_cases())
    write("initializers", initializer_cases())
