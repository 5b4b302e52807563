"""Special functions: ``ft.math.special``."""

from freshet.ops.special.bessel import bessel_i0 as bessel_i0
from freshet.ops.special.bessel import bessel_i0e as bessel_i0e
from freshet.ops.special.bessel import bessel_i1 as bessel_i1
from freshet.ops.special.bessel import bessel_i1e as bessel_i1e
from freshet.ops.special.bessel import bessel_j0 as bessel_j0
from freshet.ops.special.bessel import bessel_j1 as bessel_j1
from freshet.ops.special.bessel import bessel_k0 as bessel_k0
from freshet.ops.special.bessel import bessel_k0e as bessel_k0e
from freshet.ops.special.bessel import bessel_k1 as bessel_k1
from freshet.ops.special.bessel import bessel_k1e as bessel_k1e
from freshet.ops.special.bessel import bessel_y0 as bessel_y0
from freshet.ops.special.bessel import bessel_y1 as bessel_y1
from freshet.ops.special.integrals import dawsn as dawsn
from freshet.ops.special.integrals import expint as expint
from freshet.ops.special.integrals import fresnel_cos as fresnel_cos
from freshet.ops.special.integrals import fresnel_sin as fresnel_sin
from freshet.ops.special.integrals import spence as spence
