"""Exceptions: ``ft.errors``."""

from freshet.core.errors import ABORTED as ABORTED
from freshet.core.errors import ALREADY_EXISTS as ALREADY_EXISTS
from freshet.core.errors import CANCELLED as CANCELLED
from freshet.core.errors import DATA_LOSS as DATA_LOSS
from freshet.core.errors import DEADLINE_EXCEEDED as DEADLINE_EXCEEDED
from freshet.core.errors import FAILED_PRECONDITION as FAILED_PRECONDITION
from freshet.core.errors import INTERNAL as INTERNAL
from freshet.core.errors import INVALID_ARGUMENT as INVALID_ARGUMENT
from freshet.core.errors import NOT_FOUND as NOT_FOUND
from freshet.core.errors import OK as OK
from freshet.core.errors import OUT_OF_RANGE as OUT_OF_RANGE
from freshet.core.errors import PERMISSION_DENIED as PERMISSION_DENIED
from freshet.core.errors import RESOURCE_EXHAUSTED as RESOURCE_EXHAUSTED
from freshet.core.errors import UNAUTHENTICATED as UNAUTHENTICATED
from freshet.core.errors import UNAVAILABLE as UNAVAILABLE
from freshet.core.errors import UNIMPLEMENTED as UNIMPLEMENTED
from freshet.core.errors import UNKNOWN as UNKNOWN
from freshet.core.errors import AbortedError as AbortedError
from freshet.core.errors import AlreadyExistsError as AlreadyExistsError
from freshet.core.errors import CancelledError as CancelledError
from freshet.core.errors import DataLossError as DataLossError
from freshet.core.errors import DeadlineExceededError as DeadlineExceededError
from freshet.core.errors import FailedPreconditionError as FailedPreconditionError
from freshet.core.errors import InternalError as InternalError
from freshet.core.errors import InvalidArgumentError as InvalidArgumentError
from freshet.core.errors import NotFoundError as NotFoundError
from freshet.core.errors import (
    OperatorNotAllowedInGraphError as OperatorNotAllowedInGraphError,
)
from freshet.core.errors import OpError as OpError
from freshet.core.errors import OutOfRangeError as OutOfRangeError
from freshet.core.errors import PermissionDeniedError as PermissionDeniedError
from freshet.core.errors import ResourceExhaustedError as ResourceExhaustedError
from freshet.core.errors import UnauthenticatedError as UnauthenticatedError
from freshet.core.errors import UnavailableError as UnavailableError
from freshet.core.errors import UnimplementedError as UnimplementedError
from freshet.core.errors import UnknownError as UnknownError
