"""What a walk through the pickles of one file has found so far."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Place
from budmodel_scanner.pickles.arguments import UNPACKING
from budmodel_scanner.pickles.code_names import is_harmless
from budmodel_scanner.pickles.names import Standing, is_blocked_whole, is_odd, is_only_called, standing_of
from budmodel_scanner.pickles.values import Global, State, Storage, Watched, hold
from budmodel_scanner.verdict import Finding, Verdict

_MOST_FINDINGS = 200
_MOST_GLOBALS = 20_000
_SHOWN = 120
CLEARED = "cleared"
COST_OF_A_NAME = 100  # In opcodes: what judging it takes.


class MalformedError(Exception):
    """The pickle breaks off here: no unpickler gets further. `what` completes "the pickle ..."."""


@dataclass(slots=True)
class Report:
    """Findings, globals and storages, in the order met.

    `torch_file`: a file of torch, where persistent ids are the normal thing; `torch_archive`: a zip of torch, where types of
    TorchScript are. `base` is added to all positions: where in the file the examined bytes begin. `pending` are globals that
    are harmless with some arguments only, and where they were imported: no call of them was seen yet. `watched` are those
    and others that code should not call, `scopes` what functions find their names in, `used` the arguments that no code can
    take anything from. `holds_code`: whether the pickle makes functions or classes of code that it holds itself.
    """

    place: Place
    torch_archive: bool = False
    torch_file: bool = False
    base: int = 0
    findings: list[Finding] = field(default_factory=list)
    globals: dict[tuple[str, str], Global] = field(default_factory=dict)
    storages: dict[bytes, Storage] = field(default_factory=dict)
    persistent_ids: int = 0
    pending: dict[Global, int] = field(default_factory=dict)
    watched: list[Watched] = field(default_factory=list)
    scopes: list[Watched | State] = field(default_factory=list)
    used: dict[int, object] = field(default_factory=dict)
    holds_code: bool = False
    _said: set[tuple[str, str]] = field(default_factory=set)

    def add(self, rule: str, verdict: Verdict, what: str, position: int) -> None:
        """A finding, unless it was made before or there are more than anyone reads."""
        if (rule, what) in self._said or (len(self.findings) >= _MOST_FINDINGS and verdict is not Verdict.MALICIOUS):
            return
        if len(self.findings) < 2 * _MOST_FINDINGS:
            self._said.add((rule, what))
            where = self.place.at(f"byte {self.base + position}")
            self.findings.append(Finding(f"pickle.{rule}", verdict, what, where))

    def add_all(self, findings: Iterable[Finding]) -> None:
        """Those of a pickle inside this one."""
        self.findings += [finding for finding in findings if (finding.rule, finding.what) not in self._said]

    def import_name(self, module: str, name: str, position: int) -> Global:
        """The global of this name, judged where it is new."""
        found = self.globals.get((module, name))
        if found is not None:
            return found
        self.place.budget.spend("opcodes", COST_OF_A_NAME)
        standing = standing_of(module, name)
        if self.torch_archive and module.split(".")[0] == "__torch__":
            standing = Standing.CLASS  # Types of TorchScript are resolved from the archive's own code, not imported.
        found = self.global_of(module, name, standing)
        if len(self.globals) < _MOST_GLOBALS:
            self.globals[(module, name)] = found
        self._judge(found, position)
        return found

    def global_of(self, module: str, name: str, standing: Standing) -> Global:
        """A global that is judged already."""
        if standing not in (Standing.JUDGED, Standing.FAMILY) and (module, name) not in UNPACKING:
            return Global(module, name, standing)
        found = Watched(module, name, standing)
        self.watched.append(found)
        return found

    def use(self, arguments: tuple[object, ...], *used: object) -> None:
        """Notes that these arguments went where no code could take them from, the first time that they did."""
        if id(arguments) not in self.used:
            self.used[id(arguments)] = arguments  # Kept, or another could get its number.
            hold(used, -1)

    def clear(self, found: Global) -> None:
        """Notes that a call of a global was harmless, for engines that object to its mere name."""
        what = f"every call was followed of {found}"
        self.add(CLEARED, Verdict.SAFE, what, 0)

    def settle(self) -> None:
        """What was imported for nobody to call, somebody may call later with arguments that are not known here."""
        for found, position in self.pending.items():
            what = f"loading it imports {shorten(str(found))}, {found.standing.value}, without calling it"
            verdict = Verdict.MALICIOUS if is_only_called(*found.key) else Verdict.SUSPICIOUS
            self.add("risky-global", verdict, what, position)
        self.pending.clear()
        for reached in self._within_reach() if self.holds_code else ():
            self.add("code-by-value", Verdict.SUSPICIOUS, f"holds code itself, which could reach {shorten(reached)}", 0)

    def _within_reach(self) -> Iterator[str]:
        """What code should not call, and what it could find everything in: names that a function does not say."""
        yield from (str(found) for found in self.watched if found.held)
        yield from ("the names of a module" for scope in self.scopes if scope.held)
        restored = (Standing.CLASS, Standing.FAMILY)
        yield from (str(one) for one in self.globals.values() if one.standing in restored and not is_harmless(one.name))
        if len(self.globals) >= _MOST_GLOBALS:
            yield "more names than are remembered"

    def _judge(self, found: Global, position: int) -> None:
        shown = shorten(str(found))
        if found.standing in (Standing.CALLABLE, Standing.CLASS) and is_blocked_whole(found.module):
            self.clear(found)
        elif found.standing is Standing.DANGEROUS:
            self.add("dangerous-global", Verdict.MALICIOUS, f"loading it imports {shown}: {found.standing.value}", position)
        elif found.standing is Standing.RISKY:
            self.add("risky-global", Verdict.SUSPICIOUS, f"loading it imports {shown}: {found.standing.value}", position)
        elif found.standing is Standing.JUDGED:
            self.pending[found] = position
        elif found.standing is Standing.UNKNOWN and (is_odd(found.module) or is_odd(found.name)):
            self.add(
                "odd-name", Verdict.SUSPICIOUS, f"loading it imports {shown}, which is no name of Python code", position
            )
        elif found.standing is Standing.UNKNOWN:
            self.add("unknown-global", Verdict.SUSPICIOUS, f"loading it imports {shown}, which is on no list", position)


def shorten(text: str) -> str:
    """For a person to read: escaped, and cut where it is long."""
    shown = text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
