"""Neural-network operations: ``ft.nn``."""

from freshet.core import lazy as _lazy
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
from freshet.ops.blocks import depth_to_space as depth_to_space
from freshet.ops.blocks import space_to_batch as space_to_batch
from freshet.ops.blocks import space_to_depth as space_to_depth
from freshet.ops.candidate_sampling import all_candidate_sampler as all_candidate_sampler
from freshet.ops.candidate_sampling import compute_accidental_hits as compute_accidental_hits
from freshet.ops.candidate_sampling import (
    fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler,
)
from freshet.ops.candidate_sampling import (
    learned_unigram_candidate_sampler as learned_unigram_candidate_sampler,
)
from freshet.ops.convolution import atrous_conv2d as atrous_conv2d
from freshet.ops.convolution import bias_add as bias_add
from freshet.ops.convolution import conv1d as conv1d
from freshet.ops.convolution import conv2d as conv2d
from freshet.ops.convolution import conv3d as conv3d
from freshet.ops.convolution import convolution as convolution
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
from freshet.ops.ctc.decoding import collapse_repeated as collapse_repeated
from freshet.ops.ctc.decoding import ctc_beam_search_decoder as ctc_beam_search_decoder
from freshet.ops.ctc.decoding import ctc_greedy_decoder as ctc_greedy_decoder
from freshet.ops.ctc.decoding import ctc_unique_labels as ctc_unique_labels
from freshet.ops.ctc.loss import ctc_loss as ctc_loss
from freshet.ops.depthwise_convolution import depthwise_conv2d as depthwise_conv2d
from freshet.ops.depthwise_convolution import (
    depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter,
)
from freshet.ops.depthwise_convolution import (
    depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input,
)
from freshet.ops.depthwise_convolution import separable_conv2d as separable_conv2d
from freshet.ops.dilated_pooling import pool as pool
from freshet.ops.dilated_pooling import with_space_to_batch as with_space_to_batch
from freshet.ops.dropping import dropout as dropout
from freshet.ops.embedding import embedding_lookup_sparse as embedding_lookup_sparse
from freshet.ops.embedding import safe_embedding_lookup_sparse as safe_embedding_lookup_sparse
from freshet.ops.fractional_pooling import fractional_avg_pool as fractional_avg_pool
from freshet.ops.fractional_pooling import fractional_max_pool as fractional_max_pool
from freshet.ops.gathering import embedding_lookup as embedding_lookup
from freshet.ops.isotonic import isotonic_regression as isotonic_regression
from freshet.ops.morphology import dilation2d as dilation2d
from freshet.ops.morphology import erosion2d as erosion2d
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
from freshet.ops.pooling import avg_pool as avg_pool
from freshet.ops.pooling import avg_pool1d as avg_pool1d
from freshet.ops.pooling import avg_pool2d as avg_pool2d
from freshet.ops.pooling import avg_pool3d as avg_pool3d
from freshet.ops.pooling import max_pool as max_pool
from freshet.ops.pooling import max_pool1d as max_pool1d
from freshet.ops.pooling import max_pool2d as max_pool2d
from freshet.ops.pooling import max_pool3d as max_pool3d
from freshet.ops.pooling import max_pool_with_argmax as max_pool_with_argmax
from freshet.ops.sampled_losses import nce_loss as nce_loss
from freshet.ops.sampled_losses import sampled_softmax_loss as sampled_softmax_loss
from freshet.ops.sorting import in_top_k as in_top_k
from freshet.ops.sorting import top_k as top_k
from freshet.ops.transposed_convolution import atrous_conv2d_transpose as atrous_conv2d_transpose
from freshet.ops.transposed_convolution import conv1d_transpose as conv1d_transpose
from freshet.ops.transposed_convolution import conv2d_transpose as conv2d_transpose
from freshet.ops.transposed_convolution import conv3d_transpose as conv3d_transpose
from freshet.ops.transposed_convolution import conv_transpose as conv_transpose

_lazy.advise(__name__)
