"""Minnow's framework: a small WSGI framework with explicit requests and routes that lose nothing."""

from framework.app import App
from framework.errors import HTTPError, RouteError, abort
from framework.groups import Group
from framework.patterns import Converter
from framework.request import Request
from framework.response import Response, json_response, redirect

__all__ = [
    "App",
    "Converter",
    "Group",
    "HTTPError",
    "Request",
    "Response",
    "RouteError",
    "abort",
    "json_response",
    "redirect",
]
