"""What a database does beyond its data when it is given a query: programs that it starts, code that it loads."""

import re

# Statements are case-insensitive; commands of clients begin their line with a dot or a backslash.
_DEEDS = re.compile(
    r"""(?imx)
      (?P<extension>\bload_extension\s*\(\s*["'(\w?:])
    | (?P<client>^[ \t]*\.(?:shell|system|load|excel)\s+\S|^[ \t]*\.(?:import|once|output|open|read)\s+["']?\|
      |^[ \t]*\\(?:!|copy\b[^\n]{0,300}\bprogram\b|setenv\s+(?:PAGER|EDITOR|PSQL_EDITOR)))
    | (?P<program>\bxp_cmdshell\b | \bsp_oacreate\b | \bsys_(?:exec|eval)\s*\(
      | \bdbms_scheduler\.create_job\b | \binto\s+(?:out|dump)file\s+['"])
    | (?P<language>\bcreate\s+(?:or\s+replace\s+)?function\b[^;]{0,600}
      (?:\blanguage\s+['"]?(?:plpython3?u|plperlu|pltclu)\b|\bsoname\s+['"]
      |\bas\s+['"](?!\$libdir|MODULE_PATHNAME)[^'"\n]{0,200}\.(?:so|dll|dylib)\b))
    | (?P<fetched>\binstall\s+\w+\s+from\s+['"]https?: | \battach\s+['"](?:https?|\\\\) )
    | (?P<loaded>^[ \t]*load\s+['"][^'"\n]*[/\\.])"""
)
_MEANING = {
    "extension": "loads native code into SQLite",
    "client": "runs a program from the client of a database",
    "program": "runs a program, or writes a file, on the server",
    "language": "defines a function of native or unrestricted code",
    "fetched": "fetches an extension or a database",
    "loaded": "loads native code into a database",
}


def query_deed(text: str) -> str | None:
    found = _DEEDS.search(text)
    return f"{_MEANING[found.lastgroup or '']}: {' '.join(found[0].split())[:80]!r}" if found else None
