"""The protocol core: HTTP/1.1 as a matter of bytes, without a socket, a clock or an application.

Theory of operation: a *head* (request line and fields) is a bounded run of bytes that ends with an empty line;
`reader.parse_head` turns it into a `Request` or raises the `ProtocolError` whose status is the answer. What follows
the head is framed by the request alone (RFC 9112 §6.3): nothing, `Content-Length` octets, or chunks; the two kinds of
`framing.BodyReader` are fed whatever arrives. `writer` is the way back: heads, chunks, and when there is no body.

Strictness is the point. A message that two parsers could read differently is how requests are smuggled
(RFC 9112 §11.2), so whatever the grammar does not allow is refused, even where the RFC would let a server be lenient.
"""
