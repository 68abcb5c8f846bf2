"""The page at /docs, which has to work without the internet."""

import re
from urllib.parse import urljoin, urlsplit

import httpx


async def test_the_root_leads_to_the_page(http: httpx.AsyncClient) -> None:
    """Whoever opens the address of the service sees what it can do."""
    answer = await http.get("/", follow_redirects=True)

    assert answer.url.path == "/docs"
    assert answer.headers["content-type"].startswith("text/html")


async def test_all_that_the_page_loads_comes_from_the_front(http: httpx.AsyncClient) -> None:
    """Every URL is relative, so that it holds behind any prefix, and answers."""
    page = (await http.get("/docs")).text
    urls = re.findall(r'(?:src|href)="([^"]+)"', page)
    script = await http.get("/docs/assets/page.js")
    urls += re.findall(r'url: "([^"]+)"', script.text)

    assert {"docs/assets/swagger-ui-bundle.js", "docs/assets/swagger-ui.css"} < set(urls)
    assert "openapi.json" in urls
    for url in urls:
        assert not urlsplit(url).netloc
        assert not url.startswith("/")
        assert (await http.get(urljoin("/docs", url))).status_code == 200, url


async def test_the_browser_refuses_what_comes_from_elsewhere(http: httpx.AsyncClient) -> None:
    """The policy allows no other origin, and no script inside the page."""
    policy = (await http.get("/docs")).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    assert "http" not in policy
    assert "validatorUrl: null" in (await http.get("/docs/assets/page.js")).text


async def test_the_page_is_no_call_of_the_interface(http: httpx.AsyncClient) -> None:
    """Generated clients have no use for it."""
    paths = (await http.get("/openapi.json")).json()["paths"]

    assert not {"/", "/docs"} & paths.keys()
