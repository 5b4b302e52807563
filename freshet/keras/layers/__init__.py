"""Layers: ``ft.keras.layers``."""

from freshet.keras.layers.activation import ELU as ELU
from freshet.keras.layers.activation import Activation as Activation
from freshet.keras.layers.activation import LeakyReLU as LeakyReLU
from freshet.keras.layers.activation import ReLU as ReLU
from freshet.keras.layers.activation import Rescaling as Rescaling
from freshet.keras.layers.activation import Softmax as Softmax
from freshet.keras.layers.convolution import Conv1D as Conv1D
from freshet.keras.layers.convolution import Conv2D as Conv2D
from freshet.keras.layers.convolution import Conv3D as Conv3D
from freshet.keras.layers.dense import Dense as Dense
from freshet.keras.layers.input_layer import Input as Input
from freshet.keras.layers.input_layer import InputLayer as InputLayer
from freshet.keras.layers.layer import Layer as Layer
from freshet.keras.layers.masking import Masking as Masking
from freshet.keras.layers.merging import Add as Add
from freshet.keras.layers.merging import Average as Average
from freshet.keras.layers.merging import Concatenate as Concatenate
from freshet.keras.layers.merging import Maximum as Maximum
from freshet.keras.layers.merging import Minimum as Minimum
from freshet.keras.layers.merging import Multiply as Multiply
from freshet.keras.layers.merging import Subtract as Subtract
from freshet.keras.layers.normalization import BatchNormalization as BatchNormalization
from freshet.keras.layers.pooling import AveragePooling1D as AveragePooling1D
from freshet.keras.layers.pooling import AveragePooling2D as AveragePooling2D
from freshet.keras.layers.pooling import AveragePooling3D as AveragePooling3D
from freshet.keras.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from freshet.keras.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from freshet.keras.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from freshet.keras.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from freshet.keras.layers.pooling import MaxPooling1D as MaxPooling1D
from freshet.keras.layers.pooling import MaxPooling2D as MaxPooling2D
from freshet.keras.layers.pooling import MaxPooling3D as MaxPooling3D
from freshet.keras.layers.recurrent.bidirectional import Bidirectional as Bidirectional
from freshet.keras.layers.recurrent.gru import GRU as GRU
from freshet.keras.layers.recurrent.gru import GRUCell as GRUCell
from freshet.keras.layers.recurrent.lstm import LSTM as LSTM
from freshet.keras.layers.recurrent.lstm import LSTMCell as LSTMCell
from freshet.keras.layers.recurrent.rnn import RNN as RNN
from freshet.keras.layers.recurrent.simple_rnn import SimpleRNN as SimpleRNN
from freshet.keras.layers.recurrent.simple_rnn import SimpleRNNCell as SimpleRNNCell
from freshet.keras.layers.recurrent.stacked_cells import StackedRNNCells as StackedRNNCells
from freshet.keras.layers.recurrent.time_distributed import TimeDistributed as TimeDistributed
from freshet.keras.layers.recurrent.wrapper import Wrapper as Wrapper
from freshet.keras.layers.regularization import Dropout as Dropout
from freshet.keras.layers.reshaping import Flatten as Flatten
from freshet.keras.layers.reshaping import Reshape as Reshape
from freshet.keras.layers.reshaping import ZeroPadding2D as ZeroPadding2D

AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D

__all__ = [name for name, value in globals().items() if isinstance(value, type) or name == "Input"]
ALIASES: dict[str, type] = {}
