"""Configuration of tools that work in a checkout: package managers, editors, agents, containers, version control."""

import re
from collections.abc import Iterator, Mapping

from budmodel_scanner.content import Place
from budmodel_scanner.texts.known_places import PACKAGES, is_known
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.verdict import Finding, Verdict

_INSTALL_SCRIPTS = ("preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare", "postprepare")


def examine(tree: object, name: str, place: Place) -> Iterator[Finding]:
    """`name` is the last part of the path, in lower case."""
    if not isinstance(tree, Mapping):
        return
    path = "/" + place.path.lower()
    if name == "package.json":
        yield from _package(tree, place)
    if path.endswith(("/.vscode/tasks.json", "/.vscode/launch.json")):
        yield from _tasks(tree, place)
    if path.endswith("/.vscode/settings.json"):
        yield from _settings(tree, place)
    if name == "devcontainer.json" and tree.get("initializeCommand"):
        what = f"runs on the host of whoever opens it: {str(tree['initializeCommand'])[:120]}"
        yield Finding("config.runs-on-open", Verdict.SUSPICIOUS, what, place.at("initializeCommand"))
    servers = tree.get("mcpServers", tree.get("mcp_servers"))
    if isinstance(servers, Mapping):
        for server in servers.values():
            if isinstance(server, Mapping) and server.get("command"):
                what = f"an agent would start {str(server['command'])[:80]} {str(server.get('args', ''))[:80]}"
                yield Finding("config.agent-command", Verdict.SUSPICIOUS, what, place.at("mcpServers"))
    if ("/.claude/" in path or "/.cursor/" in path or "/.gemini/" in path) and tree.get("hooks"):
        yield Finding("config.agent-command", Verdict.SUSPICIOUS, "hooks that an agent would run", place.at("hooks"))
    if name == "pyproject.toml":
        yield from _project(tree, place)
    if isinstance(tree.get("services"), Mapping) and ("compose" in name):
        yield from _compose(tree["services"], place)


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
        if isinstance(node, Mapping):
            for key in ("url", "git"):
                source = str(node.get(key, ""))
                installed = key == "git" or re.search(r"\.(?:whl|tar\.gz|zip)$|/simple/?$", source)
                if installed and "://" in source and not is_known(source, PACKAGES):
                    yield Finding("requirements.direct", Verdict.SUSPICIOUS, f"installs {source[:120]}", place.at(key))
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, str) and " @ " in node[:200]:
            yield from examine_requirement(node, place, place.at("dependencies"))


def _package(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    scripts = tree.get("scripts")
    if isinstance(scripts, Mapping):
        for key, command in scripts.items():
            if not isinstance(command, str):
                continue
            if key in _INSTALL_SCRIPTS:
                what = f"runs when it is installed: {command[:120]!r}"
                yield Finding("config.runs-on-install", Verdict.SUSPICIOUS, what, place.at(f"scripts.{key}"))


def _tasks(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    tasks = tree.get("tasks")
    for task in tasks if isinstance(tasks, list) else []:
        if isinstance(task, Mapping):
            options = task.get("runOptions")
            command = str(task.get("command", ""))
            if isinstance(options, Mapping) and options.get("runOn") == "folderOpen":
                yield Finding(
                    "config.runs-on-open", Verdict.SUSPICIOUS, f"runs when opened: {command[:120]}", place.at("tasks")
                )


def _settings(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    for key, value in tree.items():
        is_program = str(key).lower().endswith(("path", "executable", "interpreter", "command", "autorun"))
        if not is_program or not isinstance(value, str) or ".venv" in value or "/venv" in value:
            continue
        if value.startswith((".", "${workspace", "/tmp")):  # noqa: S108 - looked for, not used
            what = f"{key} is {value[:80]!r}, a program of the repository"
            yield Finding("config.runs-on-open", Verdict.SUSPICIOUS, what, place.at(str(key)))


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
