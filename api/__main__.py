"""`python -m api`: one front process."""

import uvicorn

from api.main import create_app
from shared.process import start_process


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = start_process()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
