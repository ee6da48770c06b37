"""What a server has to stand: each module is one check with `check(…) -> Outcome`; `bench/reliable.py` runs them."""
