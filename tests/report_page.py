"""What is on a page of the report, taken out of its file."""

import gzip
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any


def parts_of(file: Path) -> tuple[Any, Any]:
    """The data on a page: what its first screen shows, and the details."""
    blocks = dict(re.findall(r'<script type="[^"]+" id="([^"]+)">(.*?)</script>', file.read_text("utf-8"), re.DOTALL))
    return json.loads(blocks["ranking-data"]), json.loads(gzip.decompress(b64decode(blocks["details-data"])))


def column(table: Any, name: str) -> set[str]:
    place = table["columns"].index(name)
    return {row[place] for row in table["rows"]}
