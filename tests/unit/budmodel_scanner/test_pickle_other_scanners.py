"""What modelscan and picklescan hold to be dangerous in a pickle is not safe here either."""

from collections.abc import Iterator

import pytest

from tests.unit.budmodel_scanner.pickle_making import SUSPICIOUS, calling, stack_name, verdict, whole

modelscan = pytest.importorskip("modelscan.settings", reason="modelscan is not installed")
picklescan = pytest.importorskip("picklescan.scanner", reason="picklescan is not installed")


# Keys to sort and to choose by, harmless with a plain name: test_pickle_hostile.py has the others.
ARGUED = {(module, name) for module in ("operator", "_operator") for name in ("attrgetter", "itemgetter", "methodcaller")}


def blocked_names() -> Iterator[tuple[str, str]]:
    """A module that is blocked whole stands for a name in it and for one below it."""
    for modules in [picklescan._unsafe_globals, *modelscan.DEFAULT_SETTINGS["unsafe_globals"].values()]:
        for module, blocked in modules.items():
            if blocked == "*":
                yield from ((module, "anything"), (f"{module}.below", "anything"))
            else:
                yield from ((module, name) for name in ([blocked] if isinstance(blocked, str) else blocked))


@pytest.mark.parametrize(("module", "attribute"), sorted({*blocked_names()} - ARGUED))
def test_what_other_scanners_block_is_flagged(module: str, attribute: str) -> None:
    for content in (calling(module, attribute), whole(stack_name(module, attribute), protocol=4)):
        assert verdict(content).rank >= SUSPICIOUS.rank
