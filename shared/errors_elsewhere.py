"""Errors of processes that cannot send them as they are."""

from traceback import format_tb


class ErrorElsewhere(Exception):
    """A bug in another process.

    The text is the class and the frames of its error, so it quotes nothing that somebody sent.
    """

    @classmethod
    def of(cls, error: BaseException) -> "ErrorElsewhere":
        """Describe an error of this process for another one."""
        frames = "".join(format_tb(error.__traceback__))
        return cls(f"{type(error).__qualname__}\n{frames}".rstrip())
