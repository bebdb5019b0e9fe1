"""Makes the file of fingerprints anew from a directory of license texts, which stays outside of this project.

    python -m budmodel_pipeline.licensing.fingerprint_texts DIRECTORY

The directory holds `index.csv` with the columns file, license_id, title and source (where the text is officially published),
and the files that it names, in UTF-8. A license may have several rows, one for each wording in use. An id with a slash, such
as `llama4/use-policy`, is a document that comes with a license and is none itself.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from budmodel_pipeline.licensing.fingerprints import FILE, Fingerprint, fingerprint, write_fingerprints
from budmodel_pipeline.licensing.words import words_of


def fingerprints_of(directory: Path) -> Iterator[Fingerprint]:
    """The fingerprints of all texts that the index names, each wording once.

    Raises ValueError where two licenses have the same words.
    """
    owners: dict[str, str] = {}
    with (directory / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            text = (directory / row["file"]).read_text(encoding="utf-8")
            made = fingerprint(row["license_id"], row["title"], row["source"], words_of(text))
            owner = owners.get(made.sha256)
            if owner is None:
                owners[made.sha256] = made.license_id
                yield made
            elif owner != made.license_id:
                raise ValueError(f"{row['file']}: {made.license_id} has the same words as {owner}; give both texts one id")


if __name__ == "__main__":
    found = list(fingerprints_of(Path(sys.argv[1])))
    write_fingerprints(Path(__file__).with_name(FILE), found)
    print(f"{len(found)} wordings of {len({one.license_id for one in found})} licenses")
