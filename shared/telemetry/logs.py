"""Sets up the log, in one format for our code and for libraries: JSON lines, or coloured text.

No line shows the text of an exception that may quote what somebody sent: see `described_errors`.
"""

import logging
import sys
from typing import Any, Literal, TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.telemetry.described_errors import ExcInfo, describe_with_traceback
from shared.telemetry.repeated_warnings import OncePerMinute

# Libraries whose INFO lines repeat our own or come with every poll.
_QUIET = ("arq", "httpx", "httpx2", "alembic.runtime", "uvicorn.access", "urllib3", "watchfiles")


Style = Literal["json", "console"]


def configure_logging(level: str, style: Style) -> None:
    """Write every log record to stdout in one format. Entry points call this once."""
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(OncePerMinute())
    handler.setFormatter(formatter(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # asyncio adds what an abandoned task raised to the first line of its message.
    logging.getLogger("asyncio").addFilter(_keep_first_line)
    sys.excepthook = _log_end
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def formatter(style: Style) -> logging.Formatter:
    """Return the formatter that a handler needs to write the same lines as stdout has."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *(_json() if style == "json" else _console()),
        ],
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _add_trace,
        _drop_coloured_copy,
    ]


def _json() -> list[Processor]:
    return [
        structlog.processors.ExceptionRenderer(describe_with_traceback),
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]


def _console() -> list[Processor]:
    return [
        _escape,
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=_write_traceback
        ),
    ]


def _escape(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape what a terminal obeys, but for the ends of lines in a message, which nobody sends."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if name == "event" else [value]
            event[name] = "\n".join(map(_printable, lines))
    return event


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _write_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    stream.write("\n" + describe_with_traceback(exc_info))


def _keep_first_line(record: logging.LogRecord) -> bool:
    record.msg, record.args = record.getMessage().partition("\n")[0], None
    return True


def _log_end(*exc_info: Any) -> None:
    """Log the exception that ends the process, which Python would print with its text."""
    if issubclass(exc_info[0], KeyboardInterrupt):
        sys.__excepthook__(*exc_info)
        return
    structlog.get_logger(__name__).critical("process.failed", exc_info=exc_info)


def _drop_coloured_copy(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # uvicorn adds a coloured copy of the message to every record.
    event.pop("color_message", None)
    return event


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
        event["span_id"] = f"{span.span_id:016x}"
    return event
