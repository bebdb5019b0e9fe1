"""XML of every kind: SVG, documents of Office, build files, networks; what a reader of it would run or fetch."""

from collections.abc import Iterator
from xml.parsers import expat

from budmodel_scanner.content import CHUNK, Content, Place
from budmodel_scanner.described_weights import WeightRanges
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.known_places import is_strange
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.rows import FORMULA
from budmodel_scanner.texts.shell_commands import reads_as_command
from budmodel_scanner.texts.shell_deeds import fetches
from budmodel_scanner.texts.sources import examine_statements
from budmodel_scanner.texts.statements import Statement, in_words, listing
from budmodel_scanner.texts.steps import download_step
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

_SVG_ELEMENTS = frozenset({"script", "foreignobject", "iframe", "embed", "object", "handler", "listener"})
_PUBLIC_DOCTYPES = (
    *("-//W3C//", "-//Apple//", "-//NLM//", "-//NCBI//", "-//NISO//", "-//OASIS//", "-//Sun Microsystems", "-//Recordare//"),
)
_DOCTYPES = (
    *(
        "http://www.w3.org/",
        "https://www.w3.org/",
        "http://www.musicxml.org/dtds/",
        "http://java.sun.com/dtd/properties.dtd",
        "http://www.freedesktop.org/",
        "http://us-vo.org/xml/VOTable.dtd",
        "http://mybatis.org/dtd/",
        "http://hibernate.sourceforge.net/",
    ),
    *("http://www.nitrc.org/frs/download.php/115/gifti.dtd", "http://docutils.sourceforge.net/docs/ref/docutils.dtd"),
)
_ACTIVE_STYLE = expression(r"(?i)url\(\s*[\"']?\s*(?:javascript|vbscript):|\bexpression\s*\(|-moz-binding")
_BLANK = expression(r"[\x00-\x20]")
_MAX_DIGITS = 16
_SCHEME = expression(
    r"(?i)(?:javascript|vbscript|macro|vnd\.sun\.star\.script|ppaction://(?:macro|program|ole)|data:(?!image/|font/))[:\w/?]"
)
# A cell that is a link to a page, all of it written out, so that it carries away nothing of the sheet.
_LINK = expression(r'(?i)=?HYPERLINK\(\s?"https://[^"\s]{1,2000}"(?:\s?,\s?"[^"]{0,500}")?\s?\)')


class _Xml:
    """What is out of the ordinary in an XML document, gathered while it is read."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.findings: list[Finding] = []
        self.weights = WeightRanges()
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.StartElementHandler = self._element
        self.parser.EndElementHandler = self._end
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.CharacterDataHandler = self._characters
        self.parser.buffer_text = True
        self.field = self.command = self.on_opening = False
        self.words: list[str] = []
        self.source = False
        self.instruction = ""
        self.local = ""
        self.steps: list[Statement] = []
        # Of each open element, and of the document: the programs that it names, and what they are started with.
        self.started: list[tuple[list[str], list[str]]] = [([], [])]

    def add(self, rule: str, what: str) -> None:
        if len(self.findings) < _MAX_FINDINGS:
            where = self.place.at(f"line {self.parser.CurrentLineNumber}")
            self.findings.append(Finding(rule, Verdict.SUSPICIOUS, what, where))

    def _doctype(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        if system and not (public or "").startswith(_PUBLIC_DOCTYPES) and not system.startswith(_DOCTYPES):
            self.add("xml.external-doctype", f"the document type {name[:40]} is fetched from {system[:120]}")
        if internal and not public:
            self.add("xml.doctype", "declares a document type of its own")

    def _entity(
        self, name: str, parameter: int, value: str | None, _base: str | None, system: str | None, *_names: str | None
    ) -> None:
        # Drawing programs abbreviate their namespaces by entities.
        if system or parameter or not (value or "").startswith(("http://", "https://")):
            self.add("xml.entity", f"declares the entity {name[:40]}" + (f" from {system[:120]}" if system else ""))

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rsplit(":", 1)[-1].lower()
        if local == "relationship" and attributes.get("TargetMode") == "External":
            kind = attributes.get("Type", "").rsplit("/", 1)[-1]
            target = attributes.get("Target", "")
            shared = _SHARE.match(target) if kind != "hyperlink" else _STARTS_PROGRAM.match(target)
            if shared or kind in _FETCHED_ON_OPENING:
                self.add("office.remote-part", f"fetches its {kind} from {target[:120]}")
        elif local == "layer" and (
            attributes.get("library") or attributes.get("type") in {"Python", "PythonOp", "CustomLayer"}
        ):
            what = attributes.get("library") or attributes.get("module") or attributes.get("type", "")
            self.add("openvino.library", f"a layer is run by {what[:120]}")
        elif name.lower().startswith("xsl:") and "://" in (taken := attributes.get("href", "")) and is_strange(taken):
            self.add("xml.stylesheet", f"takes in {taken[:80]}")
        elif local == "module" and "script" in name:
            self.add("office.macro", f"holds the macro {attributes.get('script:name', '')[:60]}")
        elif local in {"connection", "dbpr", "webpr", "olepr", "definedname", "ocx", "query", "commandtext"}:
            self._of_workbook(local, attributes)
        elif local == "fldsimple" and any(_DDE.search(value) for value in attributes.values()):
            self.add("office.dde", "a field that starts a program")
        self.field = local in {"instrtext", "ddelink"}
        self.command = bool(_COMMAND_ELEMENT.fullmatch(local))
        if local != self.local:
            self.words.clear()
        self.source = local.endswith(("repository", "mirror")) or (self.source and local in _OF_REPOSITORIES)
        self.local = local
        if local == "fldchar":
            self.instruction = ""
        plain = {key: value for key, value in attributes.items() if "xmlns" not in key and "schema" not in key.lower()}
        self._told(local, *plain.values())
        self.started.append(([], []))
        line = f"line {self.parser.CurrentLineNumber}"
        option = attributes.get("name", attributes.get("key", "")) if "value" in attributes else ""
        for key, value in attributes.items():
            is_option = bool(option) and key == "value"
            key = option if is_option else key
            self.findings.extend(examine_value(f"{local}.{key}", value, line, self.place))
            # What an option says is said of the element around it.
            self._start_with(local if local in _STARTS else key, value, -2 if is_option else -1)
        if option:
            self.findings.extend(judge(Leaf(LeafKind.VARIABLE, attributes["value"], line, option), self.place))
        if fetched := download_step(plain, self.parser.CurrentLineNumber):
            self.steps.append(fetched)
        if local in {"ddelink", "dde-source"}:
            self.add("office.dde", f"links to {str(attributes)[:120]}")
        if name == "data" and self.place.name.endswith(".xml"):
            self._constant(attributes.get("offset", ""), attributes.get("size", ""))
            for key, value in attributes.items():
                self.findings.extend(judge(Leaf(LeafKind.REFERENCE, value, key, key), self.place))
        if local in _SVG_ELEMENTS or (local == "include" and name.lower().startswith("xi:")):
            self.add("markup.active-content", f"holds the element {name[:60]}")
        for key, value in attributes.items():
            lower, plain_value = key.lower(), _BLANK.sub("", value)
            if lower.startswith("on") and lower[2:].isalpha() and len(lower) > 4 and local not in _PLAIN_ON:
                self.add("markup.event-handler", f"runs code by {key[:40]}")
            elif lower.endswith("action") and value == "execute":
                self.add("office.starts-program", "starts a program on a click")
            elif lower == "taskfactory" and "code" in value.lower():
                self.add("xml.code-in-build", f"is built by code of its own: {str(attributes)[:120]}")
            elif lower == "macro" and value and local in _DRAWN:
                self.add("office.macro", f"runs {value[:60]} when it is clicked")
            elif lower == "attributename" and value.lower().startswith("on"):
                self.add("markup.event-handler", f"sets {value[:40]}")
            elif lower.endswith("formula") and FORMULA.search(b"=" + value.removeprefix("of:").removeprefix("=").encode()):
                self.add("office.formula", f"a cell that a spreadsheet would run: {value[:80]!r}")
            elif lower.rsplit(":", 1)[-1] in {"href", "src", "to", "from", "values", "action"} and (
                _SCHEME.match(plain_value) or (local == "use" and plain_value.startswith("data:"))
            ):
                self.add("markup.active-content", f"links to {value[:60]!r}")

    def _start_with(self, key: str, text: str, depth: int) -> None:
        part = _STARTS.get(key.lower().replace("_", ""))
        if part is not None and text and len(text) < _LONGEST and len(self.started[depth][part]) < _MOST_WORDS:
            self.started[depth][part].append(text)

    def _end(self, name: str) -> None:
        if len(self.words) > 1 and name.rsplit(":", 1)[-1].lower() != self.local:
            # A list is over.
            if not self.findings and reads_as_command(self.words[0]):
                where = f"line {self.parser.CurrentLineNumber}"
                self.findings.extend(judge(Leaf(LeafKind.VALUE, in_words(self.words), where), self.place))
            self.words.clear()
        programs, arguments = self.started.pop()
        if not programs:
            self.started[-1][1].extend(arguments[:_MOST_WORDS])
        elif arguments:
            command, line = " ".join([programs[0], *arguments]), self.parser.CurrentLineNumber
            if not self.findings:
                self.findings.extend(judge(Leaf(LeafKind.COMMAND, command, f"line {line}"), self.place))
            if len(self.steps) < _MAX_STEPS and (self.steps or fetches(command)):
                self.steps.append(listing("command", [command], line))

    def _of_workbook(self, local: str, attributes: dict[str, str]) -> None:
        """What a workbook asks when it is opened, runs by its name, or hands to a control."""
        if local == "connection":
            self.on_opening = attributes.get("refreshOnLoad", "0") in {"1", "true"}
        elif local == "definedname":
            if _RUN_ON_OPENING.fullmatch(attributes.get("name", "")):
                self.add("office.macro", f"runs {attributes['name'][:60]}")
        elif local == "ocx":
            self.add("office.control", f"runs the control {attributes.get('ax:classid', '')[:60]}")
        elif local in {"query", "commandtext"}:
            for query in attributes.values():
                self.findings.extend(judge(Leaf(LeafKind.QUERY, query, f"line {self.parser.CurrentLineNumber}"), self.place))
        elif local == "webpr" and is_strange(attributes.get("url", "")):
            self.add("office.remote-part", f"fetches a table from {attributes['url'][:120]}")
        elif (server := attributes.get("connection", "")) and not _OF_ITSELF.search(server):
            line = f"line {self.parser.CurrentLineNumber}"
            self.findings.extend(judge(Leaf(LeafKind.QUERY, attributes.get("command", ""), line), self.place))
            if self.on_opening:
                self.add("office.remote-part", f"asks a database when it is opened: {server[:120]}")

    def _characters(self, text: str) -> None:
        self._told(self.local, text)
        self._start_with(self.local, text.strip(), -2)
        if self.source and self.local == "url":
            self.findings.extend(judge(Leaf(LeafKind.INDEX, text, f"line {self.parser.CurrentLineNumber}"), self.place))
        self.findings.extend(examine_value(self.local, text.strip(), f"line {self.parser.CurrentLineNumber}", self.place))
        if self.local == "style" and (found := _ACTIVE_STYLE.search(text)):
            self.add("markup.active-content", f"a style that runs code: {found[0][:60]!r}")
        if self.local == "fmlamacro":
            self.add("office.macro", f"runs {text[:60]} when it is clicked")
        if self.local == "t" and _DDE_CELL.match(text):
            self.add("office.dde", f"a cell that starts a program: {text[:80]!r}")
        if self.local in {"f", "definedname"} and not _LINK.fullmatch(text) and FORMULA.search(b"=" + text.encode()):
            self.add("office.formula", f"a cell that a spreadsheet would run: {text[:80]!r}")
        if self.field:
            # One instruction may be in many runs, each with a format of its own.
            self.instruction = (self.instruction + text)[:_LONGEST]
            if _DDE.search(self.instruction):
                self.add("office.dde", f"a field that starts a program: {self.instruction.strip()[:80]!r}")

    def _told(self, key: str, *texts: str) -> None:
        """What elements and attributes say, for the steps of a build tool; `string` is a word of a list of Apple's."""
        self.words = [*self.words, *filter(None, map(str.strip, texts))][-_MOST_WORDS:]
        texts = tuple(text.strip() for text in texts if _SHORTEST < len(text) < _LONGEST)
        if not texts:
            return
        kind = LeafKind.COMMAND if self.command else LeafKind.VALUE
        for text in texts if len(self.findings) < _MAX_FINDINGS else ():
            self.findings.extend(judge(Leaf(kind, text, f"line {self.parser.CurrentLineNumber}"), self.place))
        if len(self.words) > 1 and not self.findings and any(map(fetches, texts)):
            self.findings.extend(
                judge(Leaf(LeafKind.VALUE, in_words(self.words), f"line {self.parser.CurrentLineNumber}"), self.place)
            )
        if len(self.steps) < _MAX_STEPS and (self.steps or any(map(fetches, texts))):
            self.steps.append(listing(key, texts, self.parser.CurrentLineNumber))

    def _constant(self, offset: str, size: str) -> None:
        """A constant of OpenVINO lies in the file of the same name beside this one."""
        if offset.isdecimal() and size.isdecimal() and max(len(offset), len(size)) < _MAX_DIGITS:
            file = f"{self.place.name.rpartition('/')[2].removesuffix('.xml')}.bin"
            self.weights.add(file, int(offset), int(size))

    def _instruction(self, target: str, data: str) -> None:
        if target.lower() == "xml-stylesheet" and "xsl" in data.lower():
            self.add("xml.stylesheet", f"is transformed by {data[:80]}")


_MAX_FINDINGS = 10
_MAX_STEPS, _MOST_WORDS = 20_000, 12
_OF_REPOSITORIES = {"id", "name", "url", "layout", "mirrorof", "releases", "snapshots", "enabled", "updatepolicy"}
_SHORTEST, _LONGEST = 2, 20_000
# What elements, attributes and options call a program, and what it is started with.
_STARTS = {
    **dict.fromkeys(("command", "cmd", "program", "executable", "exe", "exec", "interpreterpath"), 0),
    **dict.fromkeys(("arg", "args", "argument", "arguments", "parameters", "line", "commandlineargs", "scripttext"), 1),
}
# Elements of build tools that hold commands.
_COMMAND_ELEMENT = expression(r"(?:arg(?:ument)?s?|command(?:line)?|exec|script|sh|shell|run|preinstall|postinstall)")
_STARTS_PROGRAM = expression(r"(?i)(?:ms-msdt|ms-officecmd|search-ms|javascript|vbscript|mhtml):")
_SHARE = expression(r"(?i)file:|\\\\|smb:")
_DDE = expression(r"(?i)^\s*(?:DDE(?:AUTO)?\b|INCLUDE(?:TEXT|PICTURE)\s+\"?(?:\\\\|//|file:)|INCLUDETEXT\s+\"?[a-z]+:/)")
_DRAWN = frozenset({"sp", "pic", "graphicframe", "cxnsp", "grpsp"})
_DDE_CELL = expression(r"(?i)\s*[=+@-]\s*\w+\s*\|\s*'")
_RUN_ON_OPENING = expression(r"(?i)(?:_xlnm\.)?auto_?(?:open|close|activate|deactivate|exec)\w*")
_OF_ITSELF = expression(r"(?i)Microsoft\.Mashup|\$Workbook\$|WORKSHEET;|ThisWorkbook")
# Parts of a document of Office that are loaded when it is opened; pictures and links are not among them.
_FETCHED_ON_OPENING = frozenset(
    {"aFChunk", "attachedTemplate", "oleObject", "frame", "subDocument", "externalLinkPath", "package"}
)
# Elements of formats other than SVG that have attributes of such names.
_PLAIN_ON = frozenset({"datafield", "net", "layer", "port", "edge"})


def examine_xml(content: Content, place: Place) -> Iterator[Finding]:
    """Streams, so that a network description of OpenVINO of any size costs little."""
    reader = _Xml(place)
    position = 0
    try:
        while chunk := content.read(position, CHUNK):
            position += len(chunk)
            reader.parser.Parse(chunk, False)
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        yield from reader.findings
        what = f"is no XML that can be read: {error}"
        yield Finding("xml.malformed", Verdict.SUSPICIOUS, what, place.at(f"line {reader.parser.CurrentLineNumber}"))
        return
    yield from reader.findings
    if not reader.findings:
        yield from examine_statements(reader.steps, place, worst=Verdict.SUSPICIOUS, kind=LeafKind.VALUE)
    yield from reader.weights.notes(place)
