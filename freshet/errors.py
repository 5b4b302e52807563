"""Exceptions: ``ft.errors``."""

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
