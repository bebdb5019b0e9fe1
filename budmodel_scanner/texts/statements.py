"""Statements of languages that are not parsed here, and the texts that they put together: joined, filled in, or listed.

Languages agree on more than their grammars say: texts stand in quotes, statements end with their line or a semicolon, texts
are joined by an operator, and a program is given its words in a list.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.here_documents import ONLY_WORD, documents_in

# Each alternative takes what it began, closed or not, so that the work is that of the length; a single quote may be none.
_COMMENT = expression(
    r"""(?xs)("[^"\\\n]*(?:\\.[^"\\\n]*)*"?|(?<![A-Za-z0-9]{2})'[^'\\\n]{0,500}(?:\\.[^'\\\n]{0,100}){0,20}')
    | (?<![:\w/])//(?!go:generate|\s?\#cgo)[^\n]* | /\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/)?
    | (?m:^[ \t]*(?:\#(?![!|])|--|;|%(?!x|\(|(?:global|define|sysexec)\b)|::|(?i:rem)[ \t])[^\n]*$)"""
)
_PIECE = expression(
    r"""(?xs) \"{3}([^"]*(?:"(?!"")[^"]*)*)(?:\"{3})? | \'{3}([^']*(?:'(?!'')[^']*)*)(?:\'{3})?
    | "([^"\\]*(?:\\.[^"\\]*)*)"? | (?<![A-Za-z0-9]{2})(?<!\\)'([^'\\\n]*(?:\\.[^'\\\n]*)*)' | `([^`]*)`?
    | (?:%x|\bqx)\s?[({\[/|]((?<=\()[^\n()]*(?:\([^\n()]*(?:\([^\n()]*\)[^\n()]*)*\)[^\n()]*)*
      |(?<=\{)[^\n}]*|(?<=\[)[^\n\]]*|[^\n/|]*(?:[/|][^\n/|]+)*)
    | \[\[(?!["'\s])([^\]\[]*)\]\] | ([\n;]) | ([(\[{]) | ([)\]}])"""
)
_LINE_END, _OPENING, _CLOSING = 8, 9, 10
_CONTINUES = expression(r"(?:[,=+|(&]|\.\.|<-|->|<>|\b_)\s*$")
_CONTINUED = expression(r"[ \t]{0,200}(?:[.+|)\]]|&&|\#[|&]|\.\.|<>)")
_ESCAPED = expression(r"\\(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)
# A path whose backslashes are no escapes, as in PowerShell.
_OF_WINDOWS = expression(r"(?:\$(?:env:)?\w+|~|%\w+%|[A-Za-z]:)(?:\\[\w.-]+)+")
_MEANT = {"n": "\n", "t": "\t", "r": "\n"}
_TEXT = expression(r'"(\d+)"')
_JOINED = expression(
    r"\s*(?:\+\+?|\.\.?|<>|~|\^|\*|&(?:\s_\n)?|\|\||paste0?)?\s*(?:[$@]?(\w+)\s*(?:\+\+?|\.\.?|<>|~|\^|\*|&|\|\|)\s*)?"
)
# With what a call comes to, of which nothing is known.
_JOINED_TO, _JOINED_FROM = (
    expression(r"\s*(?:\+\+?|\.\.|<>|\^|\*)\s*[A-Za-z_][\w.]*[\w\s([]{0,60}"),
    expression(r"[\w\s.)\]]{0,60}(?:\+\+?|\.\.|<>|\^|\*)\s*"),
)
_LISTED = expression(r"(?:\s|[,&\[\](){}@:]|\.args?\b|\bString\b|\bnew\b|\bc\(|\bvec!|\bArguments\b|\bargs\b|=>?)*")
_PIPED = expression(r"\s*\)?\s*(?:\.execute\(\)\s?)?(?:\#?\||\.pipe|\|>)\s*\(?\s*")
_PIPELINE = expression(r"\bpipeline\w*\b|\.pipe\b")
# By languages, and by tools, whose names say whose they are: `${{ inputs.a }}`, `<< parameters.a >>`, `$(params.a)`.
_FILLED_IN = expression(
    r"""(?x)(?:\$?\{\{|<<|\$\[\[)\s{0,3}\.?(?:\w{1,40}\.){0,4}(\w+)\s{0,3}(?:\}\}|>>|\]\])
    | \$\((?:\w{1,40}\.){0,4}(\w+)\) | [#$]\{\s*(\w+)\s*\} | \$(\w+) | \{(\w+)\} | \\\((\w+)\) | %(\w+)%"""
)
_SET = expression(
    r"""(?x)(?:^|[\s(;{])(?:set(?:\s+|\(\s{0,9})|(?:def|defparameter|defvar|define)\s+)[$@]?(\w+)\s+(?:\(\w+\s+)?(?=")
    | [$@]?\b(\w+)\s*(?::\s*[\w<>?\[\]]{1,40}\s*)?(?:=|:=|<-)\s*(?:[^?"'\n;{}]{1,80}\?\s*)?
      (?=(?:[\w.:]+\(\s*|new\s+[\w.]+\(\s*(?:\w+,\s*)?|[\[{]\s*|@)*")"""
)
# What a format is given first.
_GIVEN, _GAP = expression(r"\s?,\s?&?(\w+)\s?[,)]"), expression(r"\{\}|%[sv]")
# Braces of a line that are no block of statements: what is done with each item of a list, and members in Perl.
_NO_BLOCK = expression(r"(?:\b(?:map|grep|sort)\s?|->|[$@%]\w{1,60})$")
# What a block of Ruby is given.
_IN_ONE_LINE, _GIVEN_TO_BLOCK = expression(r"[^{}\n]{0,120}\}"), expression(r"\s?\|[\w\s,]{1,60}\|")
_BY_SHELL = expression(r"`(?:(?:curl|wget|nc|base64|sh|bash)\s|[^`]*#\{|\{?\$_[A-Z]|\$\w+`|[^`]*\s\$\w+`)")
_EQUALS = expression(r"(:?=(?![=>])|<-)")
ASSIGNED = expression(
    r"""(?x)(?<!\w)([A-Za-z_]\w*)\s{0,9}(?::\s*[\w<>?\[\]]{1,40}\s*)?(?:[+.]?=(?![=>])|<-|:=)
    | (?:^|[\s(])(?:set|def|define|defvar|setq|my|let\*?\s*\(?\(?)\s+[$@]?([A-Za-z_]\w*)[\s,]"""
)
# Where JavaScript calls what looks for a pattern as others call what starts a program.
ONLY_MATCHES = expression(r"\bexec\s?=\s?\w{0,40}\(?(?:/[^/\n]{1,40}/\w{0,4}|RegExp\.prototype)\.exec\b")
_OPENED = expression(r'\s{0,9}[\w.:]*open\s?\(\s?"(\d+)"')
_WORD = expression(r"[A-Za-z_]\w*")
_MAX_VALUE = 2_000
_MAX_VALUES = 2_000


@dataclass(frozen=True, slots=True)
class Statement:
    """`code` with each of its `texts` as its number in double quotes; `line` counts from 1."""

    code: str
    texts: tuple[str, ...]
    line: int


def without_comments(text: str) -> str:
    """And with here-documents as texts in quotes. What stands before `import "C"` in Go is C."""

    def kept(found: re.Match[str]) -> str:
        if found[0].startswith("/*") and _PREAMBLE.match(text, found.end()):
            return found[0][2:-2]
        return found[1] or "\n" * found[0].count("\n")

    return _COMMENT.sub(kept, _quoted(text) if "<<" in text else text)


_PREAMBLE = expression(r'\s{0,9}import\s{1,9}"C"')


def _quoted(text: str) -> str:
    """With each here-document, as Perl, Ruby, PHP and Terraform have them, as a text in quotes."""
    made: list[str] = []
    position = 0
    for opened, begin, end in documents_in(text, ONLY_WORD):
        if not opened[3].islower():
            body = text[begin:end].replace("\\", "\\\\").replace('"', '\\"')
            made.append(f'{text[position : opened.start()]}"{body}"{text[opened.end() : begin].rstrip()}')
            position = text.index(opened[3], end) + len(opened[3])
    return "".join(made) + text[position:]


def statements(code: str) -> Iterator[Statement]:
    """Those within the braces of another, too, each by itself."""
    parts: list[str] = []
    texts: list[str] = []
    depths = [0]
    position, line, begun = 0, 1, 1
    for piece in _PIECE.finditer(code):
        parts.append(code[position : piece.start()])
        position = piece.end()
        match piece.lastindex:
            case 8:
                line += piece[0] == "\n"
                if len(parts) == 1 and not parts[0].strip():
                    parts, begun = [], line  # A blank line is none.
                    continue
                ends = depths[-1] <= 0 and not (piece[0] == "\n" and _goes_on(code, position))
                if ends or len(parts) > 2_000:
                    yield _statement("".join(parts), texts, begun)
                    parts, texts, begun = [], [], line
                else:
                    parts.append(piece[0])
            case 9:
                parts.append(piece[0])
                if piece[0] != "{":
                    depths[-1] += 1
                    continue
                if _NO_BLOCK.search(parts[-2]) and _IN_ONE_LINE.match(code, position):
                    depths.append(1)
                    continue
                if given := _GIVEN_TO_BLOCK.match(code, position):
                    parts.append(given[0])
                    position = given.end()
                if depths[-1] <= 0:
                    yield _statement("".join(parts), texts, begun)
                    parts, texts, begun = [], [], line
                depths.append(0)
            case 10:
                parts.append(piece[0])
                if piece[0] != "}":
                    depths[-1] -= 1
                elif len(depths) > 1:
                    depths.pop()
            case found:
                # A text that a shell runs, in Ruby and Perl; JavaScript fills its own in by another sign.
                runs = piece[0].startswith(("%x", "qx")) or _BY_SHELL.match(piece[0])
                parts.append(f'sh("{len(texts)}")' if runs else f'"{len(texts)}"')
                written = piece[found] if found else ""
                texts.append(written if _OF_WINDOWS.fullmatch(written) else _ESCAPED.sub(_meant, written))
                line += piece[0].count("\n")
    parts.append(code[position:])
    yield _statement("".join(parts), texts, begun)


def _goes_on(code: str, position: int) -> bool:
    return bool(_CONTINUES.search(code[max(0, position - 40) : position - 1]) or _CONTINUED.match(code, position))


def _meant(found: re.Match[str]) -> str:
    if number := found[1] or found[2]:
        return chr(int(number, 16))
    return chr(int(found[3], 8) & 255) if found[3] else _MEANT.get(found[4], found[0] if found[4].isalnum() else found[4])


def assigned_by(code: str) -> tuple[set[str], str]:
    """The names that a statement sets, and what stands right of the first sign by which it does."""
    assigned = {name for found in ASSIGNED.findall(code) for name in found if name}
    left, equals, right = _EQUALS.split(code, maxsplit=1) if _EQUALS.search(code) else (code, "", "")
    if equals and re.search(r"[,})\]]", left) and len(left) < 200:
        assigned |= {part[-1] for part in (_WORD.findall(piece) for piece in left.split(",")) if part}
    return assigned, right


def set_by(statement: Statement, values: dict[str, str]) -> str | None:
    """The name that a statement sets to a text, after putting it into `values`."""
    found = _SET.search(statement.code) if statement.texts else None
    if found is None or len(values) > _MAX_VALUES:
        return None
    name = found[1] or found[2]
    rest = Statement(statement.code[found.end() :], statement.texts, statement.line)
    if path := _OPENED.match(rest.code):
        values[name] = filled_in(rest.texts[int(path[1])], values)[:_MAX_VALUE]  # And not the mode behind it.
    elif made := next(iter(put_together(rest, values)), None):
        values[name] = made[:_MAX_VALUE]
    return name


def put_together(statement: Statement, values: dict[str, str]) -> list[str]:
    """The texts of a statement as it hands them on: pieces joined, variables filled in, words listed, commands piped."""
    made: list[list[list[str]]] = []
    pipeline = _PIPELINE.search(statement.code)
    end = 0
    for found in _TEXT.finditer(statement.code):
        between = statement.code[end : found.start()]
        text = filled_in(statement.texts[int(found[1])], values)
        end = found.end()
        if (given := _GIVEN.match(statement.code, end)) and given[1] in values:
            text = _GAP.sub(values[given[1]].replace("\\", "\\\\"), text, count=1)
        if not made:
            made.append([[text]])
        elif not between:
            # A quote within a text of Visual Basic.
            made[-1][-1] += ['"', text]
        elif between.strip() and (joined := _JOINED.fullmatch(between)):
            made[-1][-1] += [values.get(joined[1], "…") if joined[1] else "", text]
        elif _JOINED_TO.fullmatch(between) or _JOINED_FROM.fullmatch(between):
            made[-1][-1] += ["…", text]
        elif _PIPED.fullmatch(between) or (pipeline and _LISTED.fullmatch(between)):
            made[-1] += [["|"], [text]]
        elif _LISTED.fullmatch(between):
            made[-1].append([text])
        else:
            made.append([[text]])
    return [in_words(["".join(pieces) for pieces in words]) for words in made]


# Variables of the environment in R, C, Go, Java, Rust, Lua, Ruby, PHP and JavaScript.
_OF_ENVIRONMENT = expression(
    r"""(?xi)\b(?:Sys\.getenv|os\.(?:getenv|environ(?:\.get)?)|getenv|System\.getenv|(?:std::)?env::var|ENV\.fetch|Deno\.env\.get|get_env
        |GetEnvironmentVariable)\s?[(\[]\s?"(\d+)"[^)\]\n]{0,40}[)\]](?:\.unwrap\(\))?
    | (?:\bENV|\$_ENV|\benviron|\bprocess\.env)\["(\d+)"\] | \b(?:process|import\.meta|Bun)\.env\.(\w+)"""
)


# Functions by a text: members in JavaScript and Lua, messages in Ruby, functions in PHP.
_PIECES = r'\s?("\d+"(?:\s?(?:\+|\.\.?)\s?"\d+"){0,20})\s?'
_CALLED_BY_TEXT = expression(
    rf"(?<!\w)(\w*)\s?\[{_PIECES}\]\s?\(|\b(?:(?:public_|__)?send\s?\(?|call_user_func\w*\s?\(){_PIECES},|\b(?:public_|__)?send\s?\(?\s?:(\w+),"
)
_GLOBALS = frozenset({"_G", "_ENV", "global", "globalThis", "window", "self", "top"})


def _statement(code: str, texts: list[str], line: int) -> Statement:
    """With variables of the environment that it reads as texts that name them, as shells write them."""
    pieces: list[str] = []

    def named(found: re.Match[str]) -> str:
        number = found[1] or found[2]
        texts.append("$" + (texts[int(number)] if number else found[3]))
        return f'"{len(texts) - 1}"'

    def called(found: re.Match[str]) -> str:
        name = found[4] or "".join(texts[int(number)] for number in _TEXT.findall(found[2] or found[3]))
        if not _WORD.fullmatch(name):
            return found[0]
        pieces.extend(written for written in (found[2], found[3]) if written and written.count('"') > 2)
        return f"{found[1]}.{name}(" if found[1] and found[1] not in _GLOBALS else f" {name}("

    if "env" in code.lower():
        code = _OF_ENVIRONMENT.sub(named, code)
    if "(" in code and ("[" in code or "send" in code or "call_user" in code):
        code = _CALLED_BY_TEXT.sub(called, code)
        code += "".join(f" ;{written}" for written in pieces)  # That it was in pieces tells something, too.
    return Statement(code, tuple(texts), line)


def filled_in(text: str, values: dict[str, str]) -> str:
    if not values:
        return text
    return _FILLED_IN.sub(lambda found: values.get(next(filter(None, found.groups()), ""), found[0]), text)


def in_words(words: list[str]) -> str:
    """A list as a command: its items are words, or commands of which each has a line; those after a format fill it in."""
    if len(words) < 2:
        return "".join(words)
    if len(gaps := _GAP.split(words[0])) > 1:
        return "".join(piece + (words[number] if number < len(words) else "…") for number, piece in enumerate(gaps, 1))
    if any(word.lstrip()[:1] in {"|", ";", "&", ">"} for word in words):
        return " ".join(words)
    if " " in words[0].strip():
        return "\n".join(words)
    return " ".join(
        word if re.fullmatch(r"[\w./:=@%+,-]+|\|{1,2}|&&|;|>{1,2}", word) else shlex.quote(word) for word in words
    )


def listing(key: str, texts: Sequence[str], line: int = 1) -> Statement:
    """A list of texts, as a statement would write it."""
    numbers = ", ".join(f'"{number}"' for number in range(len(texts)))
    return Statement(f"{key} [{numbers}]", tuple(texts), line)
