"""Sources of languages that are not parsed here, and files of build tools: their lines, and the texts that their statements
put together, as commands; and what is fetched in one place and run in another.

CMake, Bazel, Terraform, Nextflow and their like write commands without quotes too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts import keys
from budmodel_scanner.texts.environment import carries_secret
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.here_documents import documents_in
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.shell_commands import reads_as_command
from budmodel_scanner.texts.shell_deeds import fetches
from budmodel_scanner.texts.statements import Statement, put_together, set_by, statements, without_comments
from budmodel_scanner.verdict import Finding, Verdict

# Of what a command that fetches or destroys could be.
_SHORTEST, _SHORTEST_COMMAND = 6, 4
_MAX_STATEMENTS_OF = 4 << 20
_MAX_STORY = 1 << 19
# What only shows a text, and what does not.
_SHOWS = expression(rf"""(?i)\b(?:{one_of("flow", "shows").pattern})(?:!?\s*\(|\s*<<|\s+(?=["(\w$]))""")
_RUNS = one_of("flow", "runs beside", re.IGNORECASE)


# Variables that a build server fills with what signs in somewhere.
_SECRETS = expression(r"""\b(?:\w{1,40}V|v)ariable\s?:\s?["'](\w{1,60})["']|\b(\w{1,60})\s?=\s?credentials\(""")


def examine_source(text: str, place: Place, *, worst: Verdict = Verdict.MALICIOUS) -> Iterator[Finding]:
    for opened, begin, end in documents_in(text):
        if not text[opened.end() : begin].strip(" \t\r\n;,)"):
            yield from judge(Leaf(LeafKind.COMMAND, text[begin:end]), place, worst=worst)
    code = without_comments(text)
    stream = list(statements(code[:_MAX_STATEMENTS_OF]))
    secrets = {name: f"${{secret_{name}}}" for found in _SECRETS.findall(text) for name in found if name}
    found = next(examine_statements(stream, place, worst=worst, known=secrets), None)
    if found is None:
        for shown in _only_shown(stream):
            code = code.replace(shown, "…")
        found = next(judge(Leaf(LeafKind.COMMAND, re.sub(r"\\\r?\n", " ", code)), place, worst=worst), None)
    if found is not None:
        yield found


def examine_statements(
    stream: list[Statement],
    place: Place,
    *,
    worst: Verdict = Verdict.MALICIOUS,
    kind: LeafKind = LeafKind.COMMAND,
    known: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Finding]:
    """The commands that statements put together, each alone and one after another; then what they do with each other.
    `known`: the values of variables that are set elsewhere."""
    values = dict(known)
    story: list[str] = []
    length = 0
    for statement in stream:
        if not statement.texts:
            continue
        if (name := set_by(statement, values)) in known:
            values[str(name)] = known[str(name)]
        shown = _is_shown(statement)
        by_key = kind is LeafKind.VALUE and keys.COMMAND.search(statement.code.partition(" ")[0]) is not None
        for command in dict.fromkeys((*put_together(statement, values), *statement.texts)):
            if len(command) < _SHORTEST_COMMAND and "/" not in command:
                continue
            where = place.at(f"line {statement.line}")
            for finding in () if shown else judge(Leaf(kind, command), place, worst=worst):
                yield replace(finding, where=where)
            if not shown and (address := carries_secret(command, of_another=True)):
                what = f"sends a secret of the environment to {address[:120]}"
                yield Finding("config.sends-secret", Verdict.SUSPICIOUS, what, where)
            if length < _MAX_STORY and not shown and (by_key or reads_as_command(command)):
                story.append(command)
                length += len(command)
    # Few files have statements that put texts together, and its patterns take time to be made.
    from budmodel_scanner.texts.source_flow import follow, worth_following

    if len(story) > 1 and any(map(fetches, story)):
        told = "\n".join(story)
        yield from judge(Leaf(LeafKind.COMMAND, told), place, worst=worst)
        if kind is LeafKind.VALUE and worth_following(told):
            yield from _at_most(follow(statements(told), place), worst)
    if any(worth_following(text) for statement in stream for text in (statement.code, *statement.texts)):
        yield from _at_most(follow(stream, place), worst)


def _at_most(findings: Iterable[Finding], worst: Verdict) -> Iterator[Finding]:
    """Whoever does not know the grammar of a language may take one thing for another; a request that is run is none."""
    for finding in findings:
        most = worst if finding.rule == "source.runs-request" else Verdict.SUSPICIOUS
        yield replace(finding, verdict=min(finding.verdict, most, key=lambda verdict: verdict.rank))


def _is_shown(statement: Statement) -> bool:
    return bool(_SHOWS.search(statement.code)) and not _RUNS.search(statement.code)


def _only_shown(stream: Iterable[Statement]) -> list[str]:
    return [
        text
        for statement in stream
        if statement.texts and _is_shown(statement)
        for text in statement.texts
        if len(text) >= _SHORTEST
    ]
