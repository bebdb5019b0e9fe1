"""The facts that choosealicense.com publishes about licenses, as this project reads their texts."""

import pytest

from budmodel_pipeline.licensing.model import Value
from budmodel_pipeline.licensing.terms import Copyleft, Terms, Topic, terms_of

# A column each: commercial use, distribution, modification, private use, patents (y granted, n denied, - silent);
# notices (y, s: with source only, -), changes stated, source disclosed, network use too;
# same license (- none, f file, l library, y all); limits of liability, warranty, trademarks.
FACTS = """
0bsd                yyyy- ---- - yy-
afl-3.0             yyyyy yy-- - yyy
agpl-3.0            yyyyy yyyy y yy-
apache-2.0          yyyyy yy-- - yyy
artistic-2.0        yyyyy yy-- - yyy
bsd-2-clause        yyyy- y--- - yy-
bsd-3-clause        yyyy- y--- - yy-
bsd-3-clause-clear  yyyyn y--- - yy-
bsd-4-clause        yyyy- y--- - yy-
bsl-1.0             yyyy- s--- - yy-
cc-by-4.0           yyyyn yy-- - yyy
cc-by-sa-4.0        yyyyn yy-- y yyy
cc0-1.0             yyyyn ---- - yyy
cecill-2.1          yyyyy y-y- y yy-
ecl-2.0             yyyyy yy-- - yyy
epl-1.0             yyyyy y-y- y yy-
epl-2.0             yyyyy y-y- y yy-
eupl-1.1            yyyyy yyyy y yyy
eupl-1.2            yyyyy yyyy y yyy
gpl-2.0             yyyy- yyy- y yy-
gpl-3.0             yyyyy yyy- y yy-
isc                 yyyy- y--- - yy-
lgpl-2.1            yyyy- yyy- l yy-
lgpl-3.0            yyyyy yyy- l yy-
lppl-1.3c           yyyy- yyy- - yy-
mit                 yyyy- y--- - yy-
mpl-2.0             yyyyy y-y- f yyy
ms-pl               yyyyy y--- - -yy
ms-rl               yyyyy y-y- f -yy
ncsa                yyyy- y--- - yy-
odbl                yyyyn y-y- y yyy
ofl-1.1             yyyy- y--- y yy-
osl-3.0             yyyyy yyyy y yyy
postgresql          yyyy- y--- - yy-
unlicense           yyyy- ---- - yy-
upl-1.0             yyyyy y--- - yy-
vim                 yyyy- yyy- y ---
wtfpl               yyyy- ---- - ---
zlib                yyyy- sy-- - yy-
"""
PERMISSIONS = (Topic.COMMERCIAL_USE, Topic.DISTRIBUTION, Topic.MODIFICATION, Topic.PRIVATE_USE, Topic.PATENT_USE)
CONDITIONS = (Topic.INCLUDE_NOTICE, Topic.DOCUMENT_CHANGES, Topic.DISCLOSE_SOURCE, Topic.NETWORK_DISCLOSE)
# Its own page tells libraries and files apart, but not modules and fonts.
SAME_LICENSE = {Copyleft.NONE: "-", Copyleft.FILE: "f", Copyleft.LIBRARY: "l", Copyleft.MODULE: "y", Copyleft.STRONG: "y"}


def facts(terms: Terms) -> str:
    permissions = {Value.YES: "y", Value.NO: "n", Value.SILENT: "-"}
    conditions = {Value.YES: "y", Value.CONDITIONAL: "s", Value.NO: "-"}
    limits = {Value.YES: "y", Value.NO: "-", Value.SILENT: "-"}
    return " ".join(
        (
            "".join(permissions[terms[topic]] for topic in PERMISSIONS),
            "".join(conditions[terms[topic]] for topic in CONDITIONS),
            SAME_LICENSE[terms.copyleft],
            limits[terms[Topic.LIABILITY]] + limits[terms[Topic.WARRANTY]] + trademarks(terms),
        )
    )


def trademarks(terms: Terms) -> str:
    """BSD and NCSA forbid to advertise with names, which the published facts do not count as a limit."""
    return "y" if terms[Topic.TRADEMARK_USE] is Value.NO else "-"


@pytest.mark.parametrize("row", FACTS.strip().splitlines(), ids=lambda row: row.split()[0])
def test_the_published_facts_agree(row: str) -> None:
    license_id, expected = row.split(maxsplit=1)
    terms = terms_of(license_id)
    assert terms is not None
    assert facts(terms) == expected
