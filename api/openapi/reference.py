"""The page at /docs, on which people read about every call and try it.

It is Swagger UI, whose files come with the package `fastapi-offline`. It loads nothing from
elsewhere: the header Content-Security-Policy has the browser refuse that.
"""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

PAGE = "/docs"
_ASSETS = f"{PAGE}/assets"
_FOLDER = Path(__file__).with_name("page")
# Swagger UI sets styles on elements, and has icons in `data:` URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def install_reference(app: FastAPI) -> None:
    """Serve the page and its files, and lead from `/` to it.

    All of its URLs are relative, so that it also works behind a proxy that adds a prefix.
    """
    files = StaticFiles(directory=_FOLDER, packages=[("fastapi_offline", "static")])
    app.mount(_ASSETS, files, name="assets")

    @app.get(PAGE, include_in_schema=False)
    async def reference() -> FileResponse:
        return FileResponse(_FOLDER / "index.html", headers={"Content-Security-Policy": _POLICY})

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse(PAGE.removeprefix("/"))
