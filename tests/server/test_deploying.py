"""docs/deploying.md speaks of flags and settings that there are."""

import re
from pathlib import Path

from server.concurrency import MODELS
from server.config import declared
from server.sources import from_file, resolve
from tests.server.running import ROOT

PAGE = ROOT / "docs" / "deploying.md"
ROW = re.compile(r"^\| `-.* \| (.*) \|$", re.MULTILINE)
FILE = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_each_flag_that_is_recommended_exists() -> None:
    """Whoever types what stands in the right column of the table is understood."""
    here = " ".join(ROW.findall(PAGE.read_text("utf-8")))
    known = {one.flag for one in declared()} | {"--check", "--config", "--print-config"}
    told = set(re.findall(r"--[\w-]+", here))
    assert len(told) > 15
    assert told - known == set()


def test_the_file_is_a_configuration(tmp_path: Path) -> None:
    """It holds settings that there are, with values that they may have."""
    (text,) = FILE.findall(PAGE.read_text("utf-8"))
    path = tmp_path / "minnow.toml"
    path.write_text(text)
    assert resolve([from_file(str(path))], {"model": tuple(MODELS)}).settings.workers == 2
