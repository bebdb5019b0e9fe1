"""`python -m tests.data.write_evaluation_schema WHEEL` writes what Every Eval Ever's schema asks for, without its texts.

Its package cannot be installed beside ours: it wants a newer NumPy than modelscan bears and an older client of the hub.
"""

import json
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

FILE = Path(__file__).parent / "evaluation_schema.json"
TEXTS = ("description", "default")


def bare(schema: Any) -> Any:
    """A schema by names, types and bounds alone; a property may be called as a text of a schema is."""
    if isinstance(schema, list):
        return [bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {property_: bare(one) for property_, one in told.items()} if name in ("properties", "$defs") else bare(told)
        for name, told in schema.items()
        if name not in TEXTS
    }


def main() -> None:
    with ZipFile(sys.argv[1]) as wheel:
        published = json.loads(wheel.read("every_eval_ever/schemas/eval.schema.json"))
    FILE.write_text(json.dumps(bare(published), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
