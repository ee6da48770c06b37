"""`python -m server module:attribute`."""

from server.cli import main
from server.worker import leave

if __name__ == "__main__":
    leave(main())
