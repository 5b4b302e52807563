"""Layers: ``ft.keras.layers``."""

from freshet.keras.layers.activation import ELU as ELU
from freshet.keras.layers.activation import Activation as Activation
from freshet.keras.layers.activation import LeakyReLU as LeakyReLU
from freshet.keras.layers.activation import ReLU as ReLU
from freshet.keras.layers.activation import Rescaling as Rescaling
from freshet.keras.layers.activation import Softmax as Softmax
from freshet.keras.layers.attention import AdditiveAttention as AdditiveAttention
from freshet.keras.layers.attention import Attention as Attention
from freshet.keras.layers.convolution import Conv1D as Conv1D
from freshet.keras.layers.convolution import Conv2D as Conv2D
from freshet.keras.layers.convolution import Conv3D as Conv3D
from freshet.keras.layers.cropping import Cropping1D as Cropping1D
from freshet.keras.layers.cropping import Cropping2D as Cropping2D
from freshet.keras.layers.cropping import Cropping3D as Cropping3D
from freshet.keras.layers.cropping import ZeroPadding1D as ZeroPadding1D
from freshet.keras.layers.cropping import ZeroPadding3D as ZeroPadding3D
from freshet.keras.layers.dense import Dense as Dense
from freshet.keras.layers.depthwise_convolution import DepthwiseConv1D as DepthwiseConv1D
from freshet.keras.layers.depthwise_convolution import DepthwiseConv2D as DepthwiseConv2D
from freshet.keras.layers.depthwise_convolution import SeparableConv1D as SeparableConv1D
from freshet.keras.layers.depthwise_convolution import SeparableConv2D as SeparableConv2D
from freshet.keras.layers.dot_product import Dot as Dot
from freshet.keras.layers.einsum_dense import EinsumDense as EinsumDense
from freshet.keras.layers.embedding import Embedding as Embedding
from freshet.keras.layers.input_layer import Input as Input
from freshet.keras.layers.input_layer import InputLayer as InputLayer
from freshet.keras.layers.layer import Layer as Layer
from freshet.keras.layers.layer_normalization import GroupNormalization as GroupNormalization
from freshet.keras.layers.layer_normalization import LayerNormalization as LayerNormalization
from freshet.keras.layers.layer_normalization import RMSNormalization as RMSNormalization
from freshet.keras.layers.layer_normalization import UnitNormalization as UnitNormalization
from freshet.keras.layers.masking import Masking as Masking
from freshet.keras.layers.merge_functions import add as add
from freshet.keras.layers.merge_functions import average as average
from freshet.keras.layers.merge_functions import concatenate as concatenate
from freshet.keras.layers.merge_functions import dot as dot
from freshet.keras.layers.merge_functions import maximum as maximum
from freshet.keras.layers.merge_functions import minimum as minimum
from freshet.keras.layers.merge_functions import multiply as multiply
from freshet.keras.layers.merge_functions import subtract as subtract
from freshet.keras.layers.merging import Add as Add
from freshet.keras.layers.merging import Average as Average
from freshet.keras.layers.merging import Concatenate as Concatenate
from freshet.keras.layers.merging import Maximum as Maximum
from freshet.keras.layers.merging import Minimum as Minimum
from freshet.keras.layers.merging import Multiply as Multiply
from freshet.keras.layers.merging import Subtract as Subtract
from freshet.keras.layers.multi_head_attention import MultiHeadAttention as MultiHeadAttention
from freshet.keras.layers.noise import AlphaDropout as AlphaDropout
from freshet.keras.layers.noise import GaussianDropout as GaussianDropout
from freshet.keras.layers.noise import GaussianNoise as GaussianNoise
from freshet.keras.layers.noise import SpatialDropout1D as SpatialDropout1D
from freshet.keras.layers.noise import SpatialDropout2D as SpatialDropout2D
from freshet.keras.layers.noise import SpatialDropout3D as SpatialDropout3D
from freshet.keras.layers.normalization import BatchNormalization as BatchNormalization
from freshet.keras.layers.passing import ActivityRegularization as ActivityRegularization
from freshet.keras.layers.passing import Identity as Identity
from freshet.keras.layers.pooling import AveragePooling1D as AveragePooling1D
from freshet.keras.layers.pooling import AveragePooling2D as AveragePooling2D
from freshet.keras.layers.pooling import AveragePooling3D as AveragePooling3D
from freshet.keras.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from freshet.keras.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from freshet.keras.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from freshet.keras.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from freshet.keras.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from freshet.keras.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from freshet.keras.layers.pooling import MaxPooling1D as MaxPooling1D
from freshet.keras.layers.pooling import MaxPooling2D as MaxPooling2D
from freshet.keras.layers.pooling import MaxPooling3D as MaxPooling3D
from freshet.keras.layers.prelu import PReLU as PReLU
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
from freshet.keras.layers.repeating import Permute as Permute
from freshet.keras.layers.repeating import RepeatVector as RepeatVector
from freshet.keras.layers.repeating import UpSampling1D as UpSampling1D
from freshet.keras.layers.repeating import UpSampling2D as UpSampling2D
from freshet.keras.layers.repeating import UpSampling3D as UpSampling3D
from freshet.keras.layers.reshaping import Flatten as Flatten
from freshet.keras.layers.reshaping import Reshape as Reshape
from freshet.keras.layers.reshaping import ZeroPadding2D as ZeroPadding2D
from freshet.keras.layers.transposed_convolution import Conv1DTranspose as Conv1DTranspose
from freshet.keras.layers.transposed_convolution import Conv2DTranspose as Conv2DTranspose
from freshet.keras.layers.transposed_convolution import Conv3DTranspose as Conv3DTranspose

AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
DepthwiseConvolution1D, DepthwiseConvolution2D = DepthwiseConv1D, DepthwiseConv2D
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D

__all__ = [name for name, value in globals().items() if isinstance(value, type) or name == "Input"]
ALIASES: dict[str, type] = {}
