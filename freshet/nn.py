"""Neural-network operations: ``ft.nn``."""

from freshet.ops.convolving import conv1d as conv1d
from freshet.ops.convolving import conv1d_transpose as conv1d_transpose
from freshet.ops.convolving import conv2d as conv2d
from freshet.ops.convolving import conv2d_transpose as conv2d_transpose
from freshet.ops.convolving import conv3d as conv3d
from freshet.ops.convolving import conv3d_transpose as conv3d_transpose
from freshet.ops.convolving import conv_transpose as conv_transpose
from freshet.ops.convolving import depthwise_conv2d as depthwise_conv2d
from freshet.ops.convolving import separable_conv2d as separable_conv2d
from freshet.ops.gathering import embedding_lookup as embedding_lookup
from freshet.ops.nn import avg_pool as avg_pool
from freshet.ops.nn import avg_pool as avg_pool1d
from freshet.ops.nn import avg_pool as avg_pool2d
from freshet.ops.nn import avg_pool as avg_pool3d
from freshet.ops.nn import batch_normalization as batch_normalization
from freshet.ops.nn import bias_add as bias_add
from freshet.ops.nn import convolution as convolution
from freshet.ops.nn import crelu as crelu
from freshet.ops.nn import dropout as dropout
from freshet.ops.nn import elu as elu
from freshet.ops.nn import gelu as gelu
from freshet.ops.nn import l2_loss as l2_loss
from freshet.ops.nn import l2_normalize as l2_normalize
from freshet.ops.nn import leaky_relu as leaky_relu
from freshet.ops.nn import log_softmax as log_softmax
from freshet.ops.nn import max_pool as max_pool
from freshet.ops.nn import max_pool as max_pool1d
from freshet.ops.nn import max_pool as max_pool2d
from freshet.ops.nn import max_pool as max_pool3d
from freshet.ops.nn import moments as moments
from freshet.ops.nn import relu as relu
from freshet.ops.nn import relu6 as relu6
from freshet.ops.nn import selu as selu
from freshet.ops.nn import sigmoid as sigmoid
from freshet.ops.nn import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from freshet.ops.nn import silu as silu
from freshet.ops.nn import silu as swish
from freshet.ops.nn import softmax as softmax
from freshet.ops.nn import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from freshet.ops.nn import softplus as softplus
from freshet.ops.nn import softsign as softsign
from freshet.ops.nn import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)
from freshet.ops.nn import tanh as tanh
