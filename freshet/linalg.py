"""Linear algebra: ``ft.linalg``."""

from freshet.core import lazy as _lazy
from freshet.ops.contraction import matmul as matmul
from freshet.ops.contraction import tensordot as tensordot
from freshet.ops.creation import eye as eye
from freshet.ops.linalg.cholesky import cholesky as cholesky
from freshet.ops.linalg.cholesky import cholesky_solve as cholesky_solve
from freshet.ops.linalg.cholesky import logdet as logdet
from freshet.ops.linalg.eigen import eig as eig
from freshet.ops.linalg.eigen import eigh as eigh
from freshet.ops.linalg.eigen import eigvals as eigvals
from freshet.ops.linalg.eigen import eigvalsh as eigvalsh
from freshet.ops.linalg.einsum import einsum as einsum
from freshet.ops.linalg.functions import expm as expm
from freshet.ops.linalg.functions import logm as logm
from freshet.ops.linalg.functions import sqrtm as sqrtm
from freshet.ops.linalg.least_squares import lstsq as lstsq
from freshet.ops.linalg.lu import lu as lu
from freshet.ops.linalg.lu import lu_matrix_inverse as lu_matrix_inverse
from freshet.ops.linalg.lu import lu_reconstruct as lu_reconstruct
from freshet.ops.linalg.lu import lu_solve as lu_solve
from freshet.ops.linalg.matrices import adjoint as adjoint
from freshet.ops.linalg.matrices import matrix_transpose as matrix_transpose
from freshet.ops.linalg.norms import global_norm as global_norm
from freshet.ops.linalg.norms import norm as norm
from freshet.ops.linalg.norms import normalize as normalize
from freshet.ops.linalg.operators.blocks import (
    LinearOperatorBlockDiag as LinearOperatorBlockDiag,
)
from freshet.ops.linalg.operators.blocks import (
    LinearOperatorBlockLowerTriangular as LinearOperatorBlockLowerTriangular,
)
from freshet.ops.linalg.operators.circulant import (
    LinearOperatorCirculant as LinearOperatorCirculant,
)
from freshet.ops.linalg.operators.circulant import (
    LinearOperatorCirculant2D as LinearOperatorCirculant2D,
)
from freshet.ops.linalg.operators.circulant import (
    LinearOperatorCirculant3D as LinearOperatorCirculant3D,
)
from freshet.ops.linalg.operators.combined import LinearOperatorAdjoint as LinearOperatorAdjoint
from freshet.ops.linalg.operators.combined import (
    LinearOperatorComposition as LinearOperatorComposition,
)
from freshet.ops.linalg.operators.combined import LinearOperatorInversion as LinearOperatorInversion
from freshet.ops.linalg.operators.dense import LinearOperatorFullMatrix as LinearOperatorFullMatrix
from freshet.ops.linalg.operators.dense import (
    LinearOperatorLowerTriangular as LinearOperatorLowerTriangular,
)
from freshet.ops.linalg.operators.diagonal import LinearOperatorDiag as LinearOperatorDiag
from freshet.ops.linalg.operators.diagonal import LinearOperatorIdentity as LinearOperatorIdentity
from freshet.ops.linalg.operators.diagonal import (
    LinearOperatorScaledIdentity as LinearOperatorScaledIdentity,
)
from freshet.ops.linalg.operators.diagonal import LinearOperatorZeros as LinearOperatorZeros
from freshet.ops.linalg.operators.householder import (
    LinearOperatorHouseholder as LinearOperatorHouseholder,
)
from freshet.ops.linalg.operators.kronecker import (
    LinearOperatorKronecker as LinearOperatorKronecker,
)
from freshet.ops.linalg.operators.low_rank_update import (
    LinearOperatorLowRankUpdate as LinearOperatorLowRankUpdate,
)
from freshet.ops.linalg.operators.operator import LinearOperator as LinearOperator
from freshet.ops.linalg.operators.permutation import (
    LinearOperatorPermutation as LinearOperatorPermutation,
)
from freshet.ops.linalg.operators.toeplitz import (
    LinearOperatorToeplitz as LinearOperatorToeplitz,
)
from freshet.ops.linalg.operators.tridiagonal import (
    LinearOperatorTridiag as LinearOperatorTridiag,
)
from freshet.ops.linalg.parts import band_part as band_part
from freshet.ops.linalg.parts import diag as diag
from freshet.ops.linalg.parts import diag_part as diag_part
from freshet.ops.linalg.parts import set_diag as set_diag
from freshet.ops.linalg.parts import tensor_diag as tensor_diag
from freshet.ops.linalg.parts import tensor_diag_part as tensor_diag_part
from freshet.ops.linalg.parts import trace as trace
from freshet.ops.linalg.products import cross as cross
from freshet.ops.linalg.products import matvec as matvec
from freshet.ops.linalg.qr import qr as qr
from freshet.ops.linalg.solving import det as det
from freshet.ops.linalg.solving import inv as inv
from freshet.ops.linalg.solving import slogdet as slogdet
from freshet.ops.linalg.solving import solve as solve
from freshet.ops.linalg.svd import matrix_rank as matrix_rank
from freshet.ops.linalg.svd import pinv as pinv
from freshet.ops.linalg.svd import svd as svd
from freshet.ops.linalg.triangular import banded_triangular_solve as banded_triangular_solve
from freshet.ops.linalg.triangular import triangular_solve as triangular_solve
from freshet.ops.linalg.tridiagonal import tridiagonal_matmul as tridiagonal_matmul
from freshet.ops.linalg.tridiagonal import tridiagonal_solve as tridiagonal_solve
from freshet.ops.linalg.tridiagonal_eigen import eigh_tridiagonal as eigh_tridiagonal
from freshet.ops.normalization import l2_normalize as l2_normalize

_lazy.advise(__name__)
