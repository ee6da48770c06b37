"""Tests of the framework, one module for each of its rooms."""
