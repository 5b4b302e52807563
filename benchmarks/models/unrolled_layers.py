"""Keras's layers with recurrent ones that have a copy of their cell for each position."""

from __future__ import annotations

from functools import partial

import keras
from keras.layers import *  # noqa: F403 (stands in for the module)

GRU = partial(keras.layers.GRU, unroll=True)
LSTM = partial(keras.layers.LSTM, unroll=True)
