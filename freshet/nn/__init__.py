"""Neural-network operations: ``ft.nn``."""

from freshet.nn import experimental as experimental
from freshet.ops.activations import crelu as crelu
from freshet.ops.activations import elu as elu
from freshet.ops.activations import gelu as gelu
from freshet.ops.activations import leaky_relu as leaky_relu
from freshet.ops.activations import log_softmax as log_softmax
from freshet.ops.activations import relu as relu
from freshet.ops.activations import relu6 as relu6
from freshet.ops.activations import selu as selu
from freshet.ops.activations import sigmoid as sigmoid
from freshet.ops.activations import silu as silu
from freshet.ops.activations import silu as swish
from freshet.ops.activations import softmax as softmax
from freshet.ops.activations import softplus as softplus
from freshet.ops.activations import softsign as softsign
from freshet.ops.activations import tanh as tanh
from freshet.ops.convolving import atrous_conv2d as atrous_conv2d
from freshet.ops.convolving import bias_add as bias_add
from freshet.ops.convolving import conv1d as conv1d
from freshet.ops.convolving import conv2d as conv2d
from freshet.ops.convolving import conv3d as conv3d
from freshet.ops.convolving import convolution as convolution
from freshet.ops.cross_entropy import l2_loss as l2_loss
from freshet.ops.cross_entropy import log_poisson_loss as log_poisson_loss
from freshet.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits,
)
from freshet.ops.cross_entropy import (
    softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits,
)
from freshet.ops.cross_entropy import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)
from freshet.ops.cross_entropy import (
    weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits,
)
from freshet.ops.depthwise_convolving import depthwise_conv2d as depthwise_conv2d
from freshet.ops.depthwise_convolving import (
    depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter,
)
from freshet.ops.depthwise_convolving import (
    depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input,
)
from freshet.ops.depthwise_convolving import separable_conv2d as separable_conv2d
from freshet.ops.dropping import dropout as dropout
from freshet.ops.gathering import embedding_lookup as embedding_lookup
from freshet.ops.normalization import (
    batch_norm_with_global_normalization as batch_norm_with_global_normalization,
)
from freshet.ops.normalization import batch_normalization as batch_normalization
from freshet.ops.normalization import compute_average_loss as compute_average_loss
from freshet.ops.normalization import l2_normalize as l2_normalize
from freshet.ops.normalization import local_response_normalization as local_response_normalization
from freshet.ops.normalization import local_response_normalization as lrn
from freshet.ops.normalization import moments as moments
from freshet.ops.normalization import normalize_moments as normalize_moments
from freshet.ops.normalization import scale_regularization_loss as scale_regularization_loss
from freshet.ops.normalization import sufficient_statistics as sufficient_statistics
from freshet.ops.normalization import weighted_moments as weighted_moments
from freshet.ops.normalization import zero_fraction as zero_fraction
from freshet.ops.pools import avg_pool as avg_pool
from freshet.ops.pools import avg_pool1d as avg_pool1d
from freshet.ops.pools import avg_pool2d as avg_pool2d
from freshet.ops.pools import avg_pool3d as avg_pool3d
from freshet.ops.pools import max_pool as max_pool
from freshet.ops.pools import max_pool1d as max_pool1d
from freshet.ops.pools import max_pool2d as max_pool2d
from freshet.ops.pools import max_pool3d as max_pool3d
from freshet.ops.pools import max_pool_with_argmax as max_pool_with_argmax
from freshet.ops.sorting import in_top_k as in_top_k
from freshet.ops.sorting import top_k as top_k
from freshet.ops.transposed_convolving import atrous_conv2d_transpose as atrous_conv2d_transpose
from freshet.ops.transposed_convolving import conv1d_transpose as conv1d_transpose
from freshet.ops.transposed_convolving import conv2d_transpose as conv2d_transpose
from freshet.ops.transposed_convolving import conv3d_transpose as conv3d_transpose
from freshet.ops.transposed_convolving import conv_transpose as conv_transpose
