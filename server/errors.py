"""The server's own failures, each with the exit code that tells a script what went wrong.

ServerError                 1  something that has no better name
├── ConfigError             2  a flag, a variable, the configuration file or the command line is wrong
├── AppLoadError            3  the application cannot be imported, found or built
├── BindError               4  an address cannot be listened on
└── GraceExceeded           5  a worker did not go within its grace and was killed

0 is a stop that was asked for and went well. A worker uses the same codes towards its supervisor.
"""

EXIT_CODES = (
    "0 stopped as asked, 2 wrong usage or setting, 3 the application cannot be loaded, "
    "4 an address cannot be listened on, 5 a worker had to be killed"
)
"""The same for users, in words."""


class ServerError(Exception):
    """End the server with one line for the operator.

    The message is that line: it names the cause and says what to do. `trace` is a traceback for the developer,
    printed above it.
    """

    exit_code = 1

    def __init__(self, message: str, *, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace

    @property
    def above(self) -> str:
        """The application's traceback, to be put before the line in a log; "" when there is none."""
        return f"the application's own error:\n{self.trace}minnow: " if self.trace else ""


class ConfigError(ServerError):
    """A setting or the command line is wrong."""

    exit_code = 2


class AppLoadError(ServerError):
    """The application cannot be imported, found or built."""

    exit_code = 3


class BindError(ServerError):
    """An address cannot be listened on."""

    exit_code = 4


class GraceExceeded(ServerError):
    """A worker had to be killed."""

    exit_code = 5
