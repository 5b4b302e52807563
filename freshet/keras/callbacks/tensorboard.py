"""`TensorBoard`: event files that TensorBoard shows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError, OpError, UnimplementedError
from freshet.keras.callbacks.callback import Callback
from freshet.keras.callbacks.learning_rate_scheduler import learning_rate_of
from freshet.keras.callbacks.monitor_callback import check_count

if TYPE_CHECKING:
    from freshet.core.tensor import Array
    from freshet.summary.writer import SummaryWriter

BATCH_HOOKS: Final = frozenset(
    {"on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin", "on_test_batch_end"}
)


class TensorBoard(Callback):
    """Write metrics, and on request weights, to event files; show them with ``tensorboard``.

    Training goes to the run ``train``, validation to the run ``validation``: ``epoch_loss`` and the
    like are numbered by epochs, ``batch_loss`` by batches, ``evaluation_loss_vs_iterations`` by
    steps of the optimizer.

    Args:
        log_dir: The folder of the runs, for this callback alone.
        histogram_freq: Epochs from one histogram of each weight to the next; 0 for none.
        write_graph: Whether to write the layers of a Sequential or functional model as a graph.
        write_images: Whether to write each weight as an image too, as often as histograms.
        write_steps_per_second: Whether to write how fast training is.
        update_freq: "epoch", "batch", or a number of batches after which metrics are written within
            an epoch too.
        profile_batch: Must be 0; ``freshet profile`` shows where the time of a step goes.
        embeddings_freq: Must be 0.
        embeddings_metadata: Kept for Keras programs; without effect as `embeddings_freq` is 0.

    Raises:
        InvalidArgumentError: A frequency is not a number.
        UnimplementedError: Profiles or embeddings are asked for.

    Example:
        >>> import freshet as ft
        >>> board = ft.keras.callbacks.TensorBoard("logs", histogram_freq=1)
        >>> # model.fit(x, y, callbacks=[board]);  then: tensorboard --logdir logs
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        if profile_batch:
            raise UnimplementedError(
                f"TensorBoard: profile_batch={profile_batch!r} would write no profile; use "
                "'freshet profile', which shows the time of every kernel"
            )
        if embeddings_freq:
            raise UnimplementedError(
                f"TensorBoard: embeddings_freq={embeddings_freq!r} would write no embeddings; it "
                "must be 0"
            )
        if isinstance(update_freq, str) and update_freq not in {"epoch", "batch"}:
            raise InvalidArgumentError(
                "TensorBoard: update_freq must be 'epoch', 'batch' or a number of batches, "
                f"received {update_freq!r}"
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = check_count("TensorBoard", "histogram_freq", histogram_freq)
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        if not isinstance(self.update_freq, str):
            check_count("TensorBoard", "update_freq", self.update_freq, least=1)
        self.ignored_hooks = BATCH_HOOKS if self.update_freq == "epoch" else frozenset()
        self._writers: dict[str, SummaryWriter] = {}
        self._defaults: list[ExitStack] = []
        self._in_fit = False
        self._train_batch = 0
        self._test_batch = 0
        self._batch_started = 0.0
        self._epoch_started = 0.0
        self._steps_before = 0

    def _writer(self, run: str) -> SummaryWriter:
        """Return the writer of a run; its file is made when there is something to write."""
        from freshet.summary.writer import create_file_writer  # noqa: PLC0415 (protobuf: 50 ms)

        if run not in self._writers:
            self._writers[run] = create_file_writer(Path(self.log_dir) / run)
        return self._writers[run]

    def on_train_begin(self, logs: Any = None) -> None:
        """Write the graph; let summaries of the caller's own go to the run ``train``."""
        self._in_fit = True
        self._train_batch = 0
        if self.write_graph:
            self._write_layers()
        self._push("train", 0)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the files."""
        self._close()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Look at the clock."""
        self._epoch_started = time.monotonic()
        self._steps_before = self._steps()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count batches."""
        self._train_batch += 1
        self._set_step(self._train_batch)
        self._batch_started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the metrics of the epoch so far, every `update_freq` batches."""
        if self.update_freq == "epoch" or self._train_batch % int(self.update_freq):
            return
        scalars = {f"batch_{name}": value for name, value in (logs or {}).items()}
        passed = time.monotonic() - self._batch_started
        if self.write_steps_per_second and passed > 0.0:
            scalars["batch_steps_per_second"] = 1.0 / passed
        self._write_scalars("train", scalars, self._train_batch, flush=False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the metrics, and histograms if it is time."""
        logs = logs or {}
        train = {f"epoch_{k}": v for k, v in logs.items() if not k.startswith("val_")}
        validation = {f"epoch_{k[4:]}": v for k, v in logs.items() if k.startswith("val_")}
        if getattr(self.model, "optimizer", None) is not None:
            train["epoch_learning_rate"] = learning_rate_of(self.model)
        passed = time.monotonic() - self._epoch_started
        if self.write_steps_per_second and passed > 0.0:
            train["epoch_steps_per_second"] = (self._steps() - self._steps_before) / passed
        self._write_scalars("train", train, epoch)
        self._write_scalars("validation", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)

    def on_test_begin(self, logs: Any = None) -> None:
        """Let summaries of the caller's own go to the run ``validation``."""
        self._push("validation", self._test_batch)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count batches."""
        self._test_batch += 1
        self._set_step(self._test_batch)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Do nothing: a validation is written when it has ended."""

    def on_test_end(self, logs: Any = None) -> None:
        """Write the metrics over the optimizer's steps."""
        self._pop()
        if hasattr(getattr(self.model, "optimizer", None), "iterations"):
            scalars = {f"evaluation_{k}_vs_iterations": v for k, v in (logs or {}).items()}
            self._write_scalars("validation", scalars, self._steps())
        if not self._in_fit:
            self._close()

    def _on_abort(self) -> None:
        self._close()

    # --- what is written --------------------------------------------------------------------------

    def _write_scalars(
        self, run: str, scalars: dict[str, Any], step: int, *, flush: bool = True
    ) -> None:
        from freshet.summary.scalars import scalar  # noqa: PLC0415
        from freshet.summary.state import record_if  # noqa: PLC0415

        numbers = {name: value for name, value in scalars.items() if np.ndim(value) == 0}
        if not numbers:
            return
        with ExitStack() as stack:
            # Within batches this run's writer is the default already; a block would flush.
            if flush:
                stack.enter_context(self._writer(run).as_default())
            stack.enter_context(record_if(True))
            for name, value in numbers.items():
                scalar(name, value, step=step)

    def _write_weights(self, epoch: int) -> None:
        from freshet.summary.histograms import histogram  # noqa: PLC0415
        from freshet.summary.images import image  # noqa: PLC0415
        from freshet.summary.state import record_if  # noqa: PLC0415

        with self._writer("train").as_default(), record_if(True):
            for path, array in _weights(self.model):
                histogram(f"{path}/histogram", array, step=epoch)
                pixels = as_image(array) if self.write_images else None
                if pixels is not None:
                    image(f"{path}/image", pixels, step=epoch)

    def _write_layers(self) -> None:
        """Write a model's configuration, which TensorBoard draws as a graph of its layers."""
        if type(self.model).__name__ not in {"Functional", "Sequential"} or not self.model.built:
            return
        from freshet.summary.protos import SummaryMetadata  # noqa: PLC0415
        from freshet.summary.tensors import write  # noqa: PLC0415

        try:
            text = self.model.to_json()
        except OpError:  # a layer of the caller's without a configuration: no graph then
            return
        metadata = SummaryMetadata()
        metadata.plugin_data.plugin_name = "graph_keras_model"
        metadata.plugin_data.content = b"1"
        with self._writer("train").as_default():
            write("keras", text, step=0, metadata=metadata)

    # --- the default writer -----------------------------------------------------------------------

    def _push(self, run: str, step: int) -> None:
        if self.update_freq == "epoch":
            return
        from freshet.summary.state import record_if  # noqa: PLC0415

        def is_due() -> bool:
            count = self._train_batch if run == "train" else self._test_batch
            return count % int(self.update_freq) == 0

        stack = ExitStack()
        stack.enter_context(self._writer(run).as_default(step))
        stack.enter_context(record_if(is_due))
        self._defaults.append(stack)

    def _pop(self) -> None:
        if self._defaults:
            self._defaults.pop().close()

    def _set_step(self, step: int) -> None:
        from freshet.summary.state import set_step  # noqa: PLC0415

        if self._defaults:
            set_step(step)

    def _close(self) -> None:
        while self._defaults:
            self._pop()
        for writer in self._writers.values():
            writer.close()
        self._writers = {}
        self._in_fit = False

    def _steps(self) -> int:
        """Return how many steps the optimizer has made."""
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", 0)
        return int(iterations)


def _weights(model: Any) -> Iterator[tuple[str, Array]]:
    for layer in model.layers:
        for weight in layer.weights:
            yield weight.path.replace(":", "_"), np.asarray(weight.numpy())


def as_image(weight: Array) -> Array | None:
    """Return a weight as images [N, H, W, 1 or 3 or 4]; None if it has too many dimensions.

    A vector is a row, a matrix one image that is no higher than wide, a stack of matrices (such as
    the filters of a convolution) one image each.
    """
    squeezed = np.squeeze(weight)
    if squeezed.ndim == 1:
        return squeezed.reshape(1, 1, -1, 1)
    if squeezed.ndim == 2:
        wide = squeezed.T if squeezed.shape[0] > squeezed.shape[1] else squeezed
        return wide[None, :, :, None]
    if squeezed.ndim == 3:
        return np.moveaxis(squeezed, 2, 0)[..., None]
    return squeezed if squeezed.ndim == 4 and squeezed.shape[-1] in {1, 3, 4} else None
