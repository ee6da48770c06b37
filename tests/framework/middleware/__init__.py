"""Tests of the middleware, one module for each, and of all of them under real servers."""
