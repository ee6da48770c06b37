"""Plain PEP 3333 middleware that a server rather than an application should do."""
