"""The functions of networks' layers under one name, for the rooms above."""

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
from freshet.ops.activations import softmax as softmax
from freshet.ops.activations import softplus as softplus
from freshet.ops.activations import softsign as softsign
from freshet.ops.activations import tanh as tanh
from freshet.ops.convolution import bias_add as bias_add
from freshet.ops.convolution import convolution as convolution
from freshet.ops.cross_entropy import l2_loss as l2_loss
from freshet.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits,
)
from freshet.ops.cross_entropy import (
    softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits,
)
from freshet.ops.cross_entropy import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)
from freshet.ops.dropping import drop_elements as drop_elements
from freshet.ops.dropping import dropout as dropout
from freshet.ops.dropping import keep_elements as keep_elements
from freshet.ops.normalization import batch_normalization as batch_normalization
from freshet.ops.normalization import l2_normalize as l2_normalize
from freshet.ops.normalization import moments as moments
from freshet.ops.pooling import avg_pool as avg_pool
from freshet.ops.pooling import max_pool as max_pool
from freshet.ops.windows import explicit_padding as explicit_padding
