"""`python -m tests.bench.calls.bare FILE PORT` serves a bare route that returns what FILE has."""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from api.process import http_config
from shared.settings import Settings


def bare_app(answer: dict[str, Any]) -> FastAPI:
    """Return an application with one route, which returns `answer` for every job."""
    app = FastAPI()

    @app.get("/api/v1/jobs/{job_id}")
    async def get_job(job_id: str) -> dict[str, Any]:
        return answer

    return app


if __name__ == "__main__":
    app = bare_app(json.loads(Path(sys.argv[1]).read_text()))
    nowhere = SecretStr("postgresql://nowhere")
    settings = Settings(database_url=nowhere, redis_url=SecretStr("redis://nowhere"))
    config = http_config(app, settings)
    config.port = int(sys.argv[2])
    uvicorn.Server(config).run()
