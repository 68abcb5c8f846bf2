"""HTTP/1.1 by httptools, which by itself keeps headers of any length in memory."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Bytes of the target and the headers of a request.
LONGEST_HEADERS = 64 * 1024


class HeadersTooLongError(Exception):
    """A request has longer headers than anybody needs."""


class BoundedHeadersProtocol(HttpToolsProtocol):
    """A connection that is closed with a 400 if the headers of a request are too long.

    So it is if they would become so: a field is counted while it arrives.
    """

    # Whether the next field is a trailer.
    _after_headers = False
    # Bytes of the headers that are complete, and bytes in which nothing came to its end.
    _complete = 0
    _incomplete = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        self._incomplete += len(data)
        super().data_received(data)
        if self._incomplete > LONGEST_HEADERS and not self.transport.is_closing():
            self.send_400_response("The headers of the request are too long.")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._after_headers = False
        self._complete = self._incomplete = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target. Raises HeadersTooLongError."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, and drop a trailer. Raises HeadersTooLongError.

        A trailer would become a header of a request that is being answered, a token as well.
        """
        self._count(len(name) + len(value))
        if not self._after_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the answer."""
        self._after_headers = True
        self._incomplete = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, whose length others limit."""
        self._incomplete = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._incomplete = 0
        super().on_message_complete()

    def _count(self, length: int) -> None:
        self._incomplete = 0
        self._complete += length
        # The parser passes it on as an invalid request.
        if self._complete > LONGEST_HEADERS:
            raise HeadersTooLongError
