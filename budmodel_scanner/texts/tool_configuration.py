"""Configuration of tools that work in a checkout: package managers, editors, agents, containers, version control."""

import re
from collections.abc import Iterator, Mapping

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts import keys
from budmodel_scanner.texts.agents import is_known_server, is_ordinary_hook
from budmodel_scanner.texts.known_places import is_local, is_strange
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.texts.shell_commands import ordinary_command
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

# Tools by which checkouts set themselves up, by what lies in the repository. Husky has git run what lies in .husky,
# which is a command where it stands.
_SETS_UP = expression(
    r"(?:npx )?(?:husky(?: install)?|patch-package(?: --error-on-(?:fail|warn))?|electron-builder install-app-deps"
    r"|node-gyp rebuild(?: --[\w-]+)*|node-gyp-build|prebuild-install(?: (?:-r|--runtime)[ =]\w+)?"
    r"|pkg-prebuilds-verify [./\w-]+|prisma generate|ngcc|is-ci|opencollective(?:-postinstall)?"
    r"|tsc(?: -b| --build| -p [\w-]+\.json)?|playwright install(?: --with-deps)?|simple-git-hooks|lerna bootstrap"
    r"|svelte-kit sync|nuxt prepare|lefthook install|only-allow (?:npm|pnpm|yarn)|exit 0|true)"
)
_RUNS_SCRIPT = expression(r"(?:npm|yarn|pnpm)(?: run)? (build[\w:-]*)")
_INSTALL_SCRIPTS = ("preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare", "postprepare")


def examine(tree: object, name: str, place: Place) -> Iterator[Finding]:
    """`name` is the last part of the path, in lower case."""
    if not isinstance(tree, Mapping):
        return
    path = "/" + place.path.lower()
    yield from _workflow(tree, place)
    if name == "package.json":
        yield from _package(tree, place)
    told = tree.get("initializeCommand") if name == "devcontainer.json" else None
    if told and not (isinstance(told, str) and ordinary_command(told)):
        what = f"runs on the host of whoever opens it: {str(told)[:120]}"
        yield Finding("config.runs-on-open", Verdict.SUSPICIOUS, what, place.at("initializeCommand"))
    if _HOOKS_OF_AGENTS.search(path) and tree.get("hooks") and not all(map(is_ordinary_hook, _commands(tree["hooks"]))):
        yield Finding("config.agent-command", Verdict.SUSPICIOUS, "hooks that an agent would run", place.at("hooks"))
    if "/.github/workflows/" in path and "pull_request_target" in str(tree.get("on")) and _PROPOSED.search(str(tree)):
        what = "runs what anybody proposes, with the rights of the repository"
        yield Finding("config.runs-on-open", Verdict.SUSPICIOUS, what, place.at("on"))
    if ("/.github/workflows/" in path or name.startswith("action.y")) and (asked := _asked(tree)):
        what = f"puts what anybody writes into a command: {asked[:120]}"
        yield Finding("config.runs-request", Verdict.SUSPICIOUS, what, place.at("run"))
    if name == ".pre-commit-config.yaml":
        for hooks in _each(tree.get("repos")):
            if "://" in str(hooks.get("repo")) and is_strange(str(hooks["repo"])):
                what = f"runs hooks of {str(hooks['repo'])[:120]}"
                yield Finding("config.runs-on-open", Verdict.SUSPICIOUS, what, place.at("repos"))
    if name == "composer.json":
        for repository in _each(tree.get("repositories")):
            yield from judge(Leaf(LeafKind.INDEX, str(repository.get("url", "")), "repositories"), place)
    if name == "pyproject.toml":
        yield from _project(tree, place)
    if isinstance(tree.get("services"), Mapping) and ("compose" in name):
        yield from _compose(tree["services"], place)


_HOOKS_OF_AGENTS = expression(r"/\.(?:claude|cursor|gemini|windsurf|kiro|qwen|factory|github/hooks)/")
_PROPOSED = expression(r"pull_request\.head|\bref['\"]?: ['\"][^'\"]{0,20}(?:refs/pull/|github\.head_ref)")


# What anybody may write into a title, a comment or the name of a branch.
_ANYBODY = expression(
    r"\$\{\{[^}\n]{0,40}\bgithub\.(?:event\.[\w.\[\]]{1,60}\.(?:title|body|message|label|page_name|ref)|head_ref)\b[^}\n]{0,40}\}\}"
)
_TAKES_A_COMMAND = frozenset({"run", "script"})


def _asked(tree: object) -> str:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            for key, value in node.items():
                found = _ANYBODY.search(value) if key in _TAKES_A_COMMAND and isinstance(value, str) else None
                if found:
                    return found[0]
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return ""


def _each(items: object) -> Iterator[Mapping[object, object]]:
    """The mappings of a list, or of a mapping by name."""
    for item in items.values() if isinstance(items, Mapping) else items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            yield item


def _commands(hooks: object) -> Iterator[str]:
    """The commands of hooks, and what is no command as a text that none is like."""
    waiting = [hooks]
    while waiting:
        hook = waiting.pop()
        if isinstance(hook, Mapping) and "command" in hook:
            yield str(hook["command"])
        elif isinstance(hook, Mapping | list):
            waiting.extend(hook.values() if isinstance(hook, Mapping) else hook)


def examine_setting(key: str, value: object, where: str, place: Place) -> Iterator[Finding]:
    """One setting of a tool, wherever it stands: where packages come from, what agents may do and whom they ask."""
    if len(key) > _LONGEST_KEY:
        return
    yield from examine_value(where, value, where, place)
    if keys.INDEX.fullmatch(key) or (keys.INDEX_OF_TOOLS.fullmatch(key) and _PACKAGE_TOOL.search(place.path.lower())):
        for address in value if isinstance(value, list) else [value]:
            if isinstance(address, str):
                yield from judge(Leaf(LeafKind.INDEX, address, where), place)
    if key in keys.LISTED["requirements in text"] and isinstance(value, str):
        for requirement in re.split(r"[\n;]", value):
            yield from examine_requirement(requirement, place, place.at(where))
    yield from _program(key, value, where, place)
    if key == "prompt" and isinstance(value, str) and _OF_AGENTS.search("/" + place.path.lower()):
        # What an agent is told for a word of its user, with what a shell tells it before.
        for leaf in (
            Leaf(LeafKind.ORDERS, value, where),
            *(Leaf(LeafKind.COMMAND, it, where) for it in _ASKED.findall(value)),
        ):
            yield from judge(leaf, place)
    if key in keys.LISTED["agent servers"] or (key == "servers" and place.name.endswith("mcp.json")):
        yield from _servers(value, where, place)


_LONGEST_KEY = 60
# Where editors and agents keep what they start by themselves for whoever opens the folder.
_OF_EDITORS = expression(
    r"/\.(?:vscode|zed|helix|nova|vim|nvim|fleet|theia)/|\.(?:code-workspace|sublime-\w+)$|/coc-settings\.json$|/\.vimspector\.json$"
)
_OF_AGENTS = expression(
    r"/\.(?:claude|cursor|gemini|codex|windsurf|kiro|continue|amazonq|opencode|qwen|roo|amp|crush|factory|junie|trae)/|/\.?crush\.json$|/opencode\.jsonc?$"
)
_ASKED = expression(r"!\{([^{}\n]{1,2000})\}")
_PROGRAM = expression(
    r"(?i)(?:\w(?<!root)(?<!(?-i:PYTHON))\.?path|executable|interpreter|command|autorun|program|shell|binary"
    r"|\bcmd)(?:\.\[\])?$"
)
_OF_SERVER = expression(r"(?:mcpServers|servers)\.[^.]{1,60}\.command")
_STARTED_BY_AGENTS = expression(r"(?i)(?:command|helper|notify|awsAuthRefresh|cmd)$")
_OF_REPOSITORY = expression(r"\.(?!yarn/)|\$\{?(?:workspace|project|ZED_WORKTREE)|/tmp/")


def _program(key: str, value: object, where: str, place: Place) -> Iterator[Finding]:
    """Programs of the repository that an editor takes for its own, and any that an agent starts."""
    words = [word for word in (value if isinstance(value, list) else [value]) if isinstance(word, str)]
    path = "/" + place.path.lower()
    if not words:
        return
    if _OF_AGENTS.search(path) and _STARTED_BY_AGENTS.search(key):
        # Those of hooks and of servers may be known as a whole.
        if (key == "command" and where.startswith("hooks") and all(map(is_ordinary_hook, words))) or _OF_SERVER.match(where):
            return
        what = f"an agent would start {' '.join(words)[:120]!r}"
        yield Finding("config.agent-command", Verdict.SUSPICIOUS, what, place.at(where))
    elif _OF_EDITORS.search(path) and _PROGRAM.search(where) and _OF_REPOSITORY.match(words[0]):
        # What a debugger starts, it starts for who asks for it.
        debugged = key == "program" and path.endswith("launch.json")
        if debugged or "venv" in words[0] or DATA_FILE.search(words[0]):
            return
        what = f"{key} is {words[0][:80]!r}, a program of the repository"
        yield Finding("config.runs-on-open", Verdict.SUSPICIOUS, what, place.at(where))


_PACKAGE_TOOL = expression(
    r"(?:^|/)(?:pipfile|uv\.toml|pip\.(?:conf|ini)|pdm\.toml|poetry\.toml|pixi\.toml|bunfig\.toml|\.condarc|\.yarnrc\.yml"
    r"|(?:conda|environment)[\w-]*\.ya?ml|\.?cargo/config(?:\.toml)?|\.pydistutils\.cfg)$"
)


def _servers(servers: object, where: str, place: Place) -> Iterator[Finding]:
    """Programs that an agent starts for its tools, and addresses that it asks for them, often with a token."""
    for server in _each(servers):
        if is_known_server(server):
            continue
        if server.get("command"):
            what = f"an agent would start {str(server['command'])[:80]} {str(server.get('args', ''))[:80]}"
            yield Finding("config.agent-command", Verdict.SUSPICIOUS, what, place.at(where))
        for key in ("url", "httpUrl", "serverUrl", "endpoint"):
            if isinstance(address := server.get(key), str) and not is_local(address):
                token = " with a token" if server.get("headers") or server.get("env") else ""
                what = f"an agent would take its tools from {address[:120]}{token}"
                yield Finding("config.agent-server", Verdict.SUSPICIOUS, what, place.at(where))


def _workflow(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """Graphs of ComfyUI as its interface takes them: nodes by number, some of which run what they are given."""
    for number, node in tree.items():
        given = node.get("inputs") if isinstance(node, Mapping) and "class_type" in node else None
        for key, text in given.items() if isinstance(given, Mapping) else ():
            if isinstance(text, str) and ("(" in text or "|" in text):
                from budmodel_scanner.texts.python_behaviour import verdict_of_code
                from budmodel_scanner.texts.python_names import Names

                where = f"{number}.inputs.{key}"
                yield from judge(Leaf(LeafKind.VALUE, text, where), place)
                if verdict_of_code(text, Names()) is not None:
                    what = f"{str(key)[:60]} holds code: {text[:120]!r}"
                    yield Finding("config.code-in-value", Verdict.SUSPICIOUS, what, place.at(where))


def _project(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """What pip fetches and runs to build: https://peps.python.org/pep-0517/."""
    build = tree.get("build-system")
    if isinstance(build, Mapping):
        if paths := build.get("backend-path"):
            what = f"is built by code of its own in {str(paths)[:80]}"
            yield Finding("config.runs-on-install", Verdict.SUSPICIOUS, what, place.at("build-system.backend-path"))
        requires = build.get("requires")
        for requirement in requires if isinstance(requires, list) else []:
            yield from examine_requirement(str(requirement), place, place.at("build-system.requires"))
    waiting: list[object] = [tree.get("project"), tree.get("tool"), tree.get("dependency-groups")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping) and "name" in node and "email" not in node:
            yield from judge(Leaf(LeafKind.INDEX, str(node.get("url", "")), "url"), place)
        if isinstance(node, Mapping | list):
            waiting.extend(node.values() if isinstance(node, Mapping) else node)
        elif isinstance(node, str) and " @ " in node[:200]:
            yield from examine_requirement(node, place, place.at("dependencies"))


def _package(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    scripts = tree.get("scripts")
    if isinstance(scripts, Mapping):
        for key, command in scripts.items():
            if isinstance(command, str) and key in _INSTALL_SCRIPTS and not _sets_up(command, scripts):
                what = f"runs when it is installed: {command[:120]!r}"
                yield Finding("config.runs-on-install", Verdict.SUSPICIOUS, what, place.at(f"scripts.{key}"))


def _sets_up(command: str, scripts: Mapping[object, object]) -> bool:
    """Whether tools do all of it that checkouts set themselves up by. A script that it runs has to be of them, too."""
    for part in re.split(r"&&|\|\||;", command):
        if named := _RUNS_SCRIPT.fullmatch(part.strip()):
            part = str(scripts.get(named[1], ""))
        if not _SETS_UP.fullmatch(part.strip()):
            return False
    return True


def _compose(services: Mapping[object, object], place: Place) -> Iterator[Finding]:
    for name, service in services.items():
        if not isinstance(service, Mapping):
            continue
        volumes = service.get("volumes")
        mounted = [str(volume) for volume in volumes] if isinstance(volumes, list) else []
        host = [volume for volume in mounted if volume.startswith(("/:", "/etc:", "/root")) or "docker.sock" in volume]
        if str(service.get("privileged", "")).lower() == "true" or host or service.get("pid") == "host":
            what = f"the service {str(name)[:60]} is given the host: {', '.join(host)[:120] or 'privileged'}"
            yield Finding("config.container-host", Verdict.SUSPICIOUS, what, place.at(f"services.{name}"))
