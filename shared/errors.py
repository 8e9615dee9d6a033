"""What a service says when it will not do a thing, and how that crosses the broker.

    Exception
    ├── Refusal          an expected answer: a code, and what the sentence about it needs
    │   ├── Forbidden    the caller may not (role or scope)
    │   └── InvalidInput the command does not have the shape its contract asks for
    └── Unavailable      nothing was decided; the same command may be sent again

nameko rebuilds remote exceptions from positional, stringified arguments, hence the constructors.
Sentences for people stand beside the contracts (`ERRORS`), in zh-CN and en.
"""

from typing import Any

from nameko.exceptions import deserialize_to_instance

Parameters = dict[str, Any]


@deserialize_to_instance
class Refusal(Exception):
    """An expected 'no'. Nothing was changed. `parameters` fill the sentence; values become text."""

    def __init__(self, code: str, parameters: Parameters | None = None) -> None:
        self.code = code
        self.parameters = parameters or {}
        super().__init__(code, self.parameters)

    def __str__(self) -> str:
        return f"{self.code} {self.parameters}" if self.parameters else self.code


@deserialize_to_instance
class Forbidden(Refusal):
    """The caller's role or scope does not reach what the command touches."""

    def __init__(self, code: str = "FORBIDDEN", parameters: Parameters | None = None) -> None:
        super().__init__(code, parameters)


@deserialize_to_instance
class InvalidInput(Refusal):
    """The command is not what its contract says; `field` is a path such as ``$.lines[0]``."""

    def __init__(self, code: str = "INVALID_INPUT", parameters: Parameters | None = None) -> None:
        super().__init__(code, parameters)


@deserialize_to_instance
class Unavailable(Exception):
    """The service, its database or the broker did not answer in time.

    The outcome is unknown: repeat the command with the same ids.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        super().__init__(service)
