"""Plain PEP 3333 middleware: each wraps any WSGI application and runs under any server.

Put one around an application with ``app.use(lambda wsgi: IPFilter(wsgi, allow=["10.0.0.0/8"]))``. What asks for the
client's address goes inside ``ProxyHeaders``, which finds it out.
"""
