"""Programs, bytecode, installers and documents with macros: no part of a model, so that recognizing them is the finding."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.verdict import Finding

_MAGICS = (
    (b"\x7fELF", "executable.elf", "a program or library of Linux"),
    (b"\xcf\xfa\xed\xfe", "executable.mach-o", "a program or library of macOS"),
    (b"\xce\xfa\xed\xfe", "executable.mach-o", "a program or library of macOS"),
    (b"\xfe\xed\xfa\xcf", "executable.mach-o", "a program or library of macOS"),
    (b"\xfe\xed\xfa\xce", "executable.mach-o", "a program or library of macOS"),
    (b"\xca\xfe\xba\xbf", "executable.mach-o", "programs of macOS for several processors"),
    (b"\0asm", "executable.wasm", "a WebAssembly module"),
    (b"dex\n0", "executable.dex", "a program of Android"),
    (b"BC\xc0\xde", "executable.llvm-bitcode", "a program in LLVM bitcode"),
    (b"\xde\xc0\x17\x0b", "executable.llvm-bitcode", "a program in LLVM bitcode"),
    (b"!<arch>\n", "executable.library-archive", "an archive of object code or a Debian package"),
    (b"\xed\xab\xee\xdb", "executable.rpm", "an RPM package"),
    (b"MSCF\0\0\0\0", "executable.cabinet", "a cabinet of Windows"),
    (b"ITSF\3\0\0\0", "executable.compiled-help", "a help file of Windows, which runs scripts"),
    (b"L\0\0\0\1\x14\2\0", "executable.shortcut", "a shortcut of Windows"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "executable.ole2", "an installer or a document that may hold macros (OLE2)"),
    (b"\x1bLua", "executable.lua-bytecode", "Lua bytecode"),
    (b"\x1bLJ", "executable.lua-bytecode", "LuaJIT bytecode"),
    (b"{\\rtf", "executable.rtf", "an RTF document, which may hold objects that run"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "executable.onenote", "a OneNote document, which may hold files that run"),
    (b"FWS", "executable.flash", "a Flash program"),
    (b"CWS", "executable.flash", "a Flash program"),
    (b"regf", "executable.registry", "a hive of the registry of Windows"),
    (b"ptrt", "executable.tensorrt-engine", "a TensorRT engine, which is native code of a graphics card"),
    (b"ftrt", "executable.tensorrt-engine", "a TensorRT engine, which is native code of a graphics card"),
)
_JAVA_VERSIONS = range(43, 100)
_FLASH_VERSIONS = range(3, 60)


def recognizes(head: bytes, _name: str) -> bool:
    return _kind(head) is not None


def _kind(head: bytes) -> tuple[str, str] | None:
    if head[:4] == b"\xca\xfe\xba\xbe" and len(head) >= 8:
        # The same four bytes open Java classes and programs of macOS for several processors.
        if int.from_bytes(head[6:8], "big") in _JAVA_VERSIONS:
            return "executable.java-class", "a Java class"
        return "executable.mach-o", "programs of macOS for several processors"
    if head[:2] in (b"MZ", b"ZM"):
        return _dos(head)
    if _is_python_bytecode(head):
        return "executable.python-bytecode", "compiled Python"
    for magic, rule, what in _MAGICS:
        if head.startswith(magic):
            flash = rule == "executable.flash"
            if flash and (len(head) < 8 or head[3] not in _FLASH_VERSIONS):
                continue
            return rule, what
    return None


def _dos(head: bytes) -> tuple[str, str] | None:
    start = int.from_bytes(head[60:64], "little")
    usual = head.startswith((b"MZqFpD", b"MZ\x90\0", b"MZ\0\0"))
    if usual or head[start : start + 4] == b"PE\0\0" or b"DOS mode" in head[:512]:
        return "executable.pe", "a program or library of Windows"
    # Text may start with these two letters.
    return (
        ("executable.dos", "a program of DOS")
        if (len(head) >= 28 and not head[:28].isascii()) or b"\0" in head[:28]
        else None
    )


def _is_python_bytecode(head: bytes) -> bool:
    """A magic number of two bytes and a line end, flags or a date, and marshalled code."""
    if len(head) < 17 or head[2:4] != b"\r\n":
        return False
    version = int.from_bytes(head[:2], "little")
    return (3000 <= version < 4000 or 20121 <= version <= 62211) and any(head[at] & 0x7F == 0x63 for at in (8, 12, 16))


def examine(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    found = _kind(content.read(0, 4096))
    if found:
        yield suspicious(place, found[0], f"is {found[1]}; nothing that is only weights has any", "byte 0")
