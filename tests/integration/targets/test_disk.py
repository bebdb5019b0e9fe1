"""Models on disk: directories and archives, honest and hostile."""

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from budmodel_pipeline.targets.archives import ArchiveLimits
from budmodel_pipeline.targets.disk import open_disk
from budmodel_pipeline.targets.opening import Providers, open_model
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError, State
from budmodel_pipeline.targets.target import Target

WEIGHTS = random.Random(7).randbytes(300_000)
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "README.md": b"# A model\n",
    "sub/model.safetensors": WEIGHTS,
    "empty": b"",
}
MB = 1024**2

Packer = Callable[[Path, Mapping[str, bytes]], Path]


def directory(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def zip_archive(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_bytes(files: Mapping[str, bytes], *members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return buffer.getvalue()


def as_is(content: bytes) -> bytes:
    return content


def packed_tar(pack: Callable[[bytes], bytes]) -> Packer:
    def write(path: Path, files: Mapping[str, bytes]) -> Path:
        path.write_bytes(pack(tar_bytes(files)))
        return path

    return write


PACKED: dict[str, Packer] = {
    "directory": directory,
    "zip": zip_archive,
    "stored zip": lambda path, files: zip_archive(path, files, zipfile.ZIP_STORED),
    "tar": packed_tar(as_is),
    "tar.gz": packed_tar(gzip.compress),
    "tar.bz2": packed_tar(bz2.compress),
    "tar.xz": packed_tar(lzma.compress),
}


def refusal(path: Path, limits: ArchiveLimits | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        open_disk(path, limits)
    assert refused.value.target == str(path)
    return refused.value


def state_of_read(path: Path, name: str) -> State:
    with pytest.raises(FileUnavailableError) as failed:
        open_disk(path).repository.read(name)
    return failed.value.failure.state


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("folder", ["", "org-model-1a2b3c/", "./a/b/"])
def test_every_byte_can_be_read_in_place(tmp_path: Path, kind: str, folder: str) -> None:
    path = PACKED[kind](tmp_path / "model", {folder + name: content for name, content in FILES.items()})
    before = set(tmp_path.rglob("*"))
    # Beginnings are kept: with small ones, reads must find the rest by decompressing again.
    for kept in (100, 10 * MB):
        model = open_disk(path / folder if path.is_dir() else path, ArchiveLimits(kept_per_file=kept))
        repository = model.repository
        assert {name: listed.size for name, listed in repository.files.items()} == {n: len(c) for n, c in FILES.items()}
        for name, content in FILES.items():
            assert repository.read(name) == content
        weights = "sub/model.safetensors"
        assert repository.read(weights, 299_999, 10) == WEIGHTS[-1:]
        assert repository.read(weights, 150_000, 300) == WEIGHTS[150_000:150_300]
        assert repository.read(weights, 50, 100) == WEIGHTS[50:150]
        assert repository.read(weights, 300_000, 5) == b""
        assert repository.read(weights, 400_000) == b""
        with pytest.raises(FileUnavailableError):
            repository.read("../model")
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", PACKED)
def test_the_revision_moves_with_the_content(tmp_path: Path, kind: str) -> None:
    path = PACKED[kind](tmp_path / "model", FILES)
    first = open_disk(path).revision
    assert open_disk(path).revision == first
    PACKED[kind](tmp_path / "model", FILES | {"config.json": b'{"model_type": "qwen3"}'})
    os.utime(path if path.is_file() else path / "config.json", ns=(1, 1))
    assert open_disk(path).revision != first


def test_a_single_weight_file_is_a_model(tmp_path: Path) -> None:
    path = directory(tmp_path, {"model.gguf": b"GGUF" + bytes(1000), "other": b"x"}) / "model.gguf"
    repository = open_disk(path).repository
    assert set(repository.files) == {"model.gguf"}
    assert repository.read("model.gguf", 0, 4) == b"GGUF"


def test_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root:x:0:0")
    model = directory(tmp_path / "model", {"a.json": b"{}"})
    (model / "inside.json").symlink_to("a.json")
    (model / "outside.json").symlink_to(tmp_path / "secret")
    (model / "passwd").symlink_to("/etc/passwd")
    (model / "nowhere").symlink_to("missing")
    (model / "round").symlink_to("round")
    (model / "up").symlink_to("..")
    os.mkfifo(model / "pipe")
    opened = open_disk(model)
    assert set(opened.repository.files) == {"a.json", "inside.json"}
    assert opened.repository.read("inside.json") == b"{}"
    assert set(opened.skipped) == {"outside.json", "passwd", "nowhere", "round", "up", "pipe"}


def test_snapshots_of_the_hub_cache_are_links_to_blobs(tmp_path: Path) -> None:
    cache = directory(tmp_path / "models--org--model", {"blobs/0a1b": b"{}", "refs/main": b"abc"})
    (cache / "snapshots" / "abc").mkdir(parents=True)
    (cache / "snapshots" / "abc" / "config.json").symlink_to("../../blobs/0a1b")
    (cache / "snapshots" / "abc" / "main").symlink_to("../../refs/main")
    model = open_disk(cache / "snapshots" / "abc")
    assert model.repository.read("config.json") == b"{}"
    assert model.skipped == {"main": "a link that leads out of the directory"}


def test_git_and_download_state_are_not_the_model(tmp_path: Path) -> None:
    model = directory(
        tmp_path, {"a.json": b"{}", ".git/config": b"token", ".cache/huggingface/x": b"", ".gitattributes": b""}
    )
    assert set(open_disk(model).repository.files) == {"a.json", ".gitattributes"}


def test_an_lfs_pointer_is_told_from_the_content(tmp_path: Path) -> None:
    digest = sha256(WEIGHTS).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 3000000\n".encode()
    model = directory(tmp_path, {"model.safetensors": pointer})
    listed = open_disk(model).repository.files["model.safetensors"]
    assert (listed.size, listed.sha256) == (3_000_000, digest)
    with pytest.raises(FileUnavailableError, match="a Git LFS pointer lies here instead of the content; run `git lfs pull`"):
        open_disk(model).repository.read("model.safetensors", 0, 8)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    model = open_disk(directory(tmp_path, {"config.json": b"{}"}))
    (tmp_path / "config.json").write_bytes(b"[1, 2, 3]")
    with pytest.raises(FileUnavailableError) as failed:
        model.repository.read("config.json")
    assert (failed.value.failure.state, failed.value.transient) == ("changed", True)
    (tmp_path / "config.json").unlink()
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(FileUnavailableError, match="has changed"):
        model.repository.read("config.json")
    (tmp_path / "config.json").unlink()
    with pytest.raises(FileUnavailableError, match="no such file"):
        model.repository.read("config.json")


@pytest.mark.parametrize("name", ["../escape", "/etc/cron.d/x", "a/../../b", "..\\b", "C:\\x", "a/b/../../../c"])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_names_that_escape(tmp_path: Path, kind: str, name: str) -> None:
    error = refusal(PACKED[kind](tmp_path / "model", {"config.json": b"{}", name: b"x"}))
    assert (error.state, error.permanent) == ("unsafe", True)
    assert "leads out of the archive" in error.reason


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_two_files_of_one_name(tmp_path: Path, kind: str) -> None:
    assert "twice" in refusal(PACKED[kind](tmp_path / "model", {"a/config.json": b"{}", "./a//config.json": b"x"})).reason


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("pack", [as_is, gzip.compress])
def test_links_and_devices_in_a_tar(tmp_path: Path, kind: bytes, pack: Callable[[bytes], bytes]) -> None:
    member = tarfile.TarInfo("weights")
    member.type, member.linkname = kind, "/etc/passwd"
    (tmp_path / "model.tar").write_bytes(pack(tar_bytes(FILES, member)))
    assert refusal(tmp_path / "model.tar").state == "unsafe"


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(tmp_path: Path, mode: int) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        entry = zipfile.ZipInfo("weights")
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert refusal(tmp_path / "model.zip").state == "unsafe"


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, kind: str) -> None:
    path = PACKED[kind](tmp_path / "model", {"weights.bin": bytes(100 * MB), "config.json": b"{}"})
    tracemalloc.start()
    error = refusal(path, ArchiveLimits(ratio_from=20 * MB))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.state == "unsafe"
    assert "a bomb" in error.reason
    assert peak < 20 * MB


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_limits_on_count_and_size(tmp_path: Path, kind: str) -> None:
    path = PACKED[kind](tmp_path / "model", FILES)
    assert "more than 3 files" in refusal(path, ArchiveLimits(max_files=3)).reason
    assert refusal(path, ArchiveLimits(max_bytes=200_000)).state == "unsafe"


def test_a_directory_with_too_many_files(tmp_path: Path) -> None:
    assert refusal(directory(tmp_path, FILES), ArchiveLimits(max_files=3)).state == "too_large"


def test_ten_thousand_files(tmp_path: Path) -> None:
    files = {f"{number}/config.json": b"{}" for number in range(10_000)}
    for kind in ("zip", "tar.gz"):
        assert len(open_disk(PACKED[kind](tmp_path / kind, files)).repository.files) == 10_000


def test_beginnings_of_many_files_take_bounded_memory(tmp_path: Path) -> None:
    files = {f"{number}.safetensors": bytes([number]) * 100 + WEIGHTS * 4 for number in range(6)}
    path = PACKED["tar.gz"](tmp_path / "model", files)
    repository = open_disk(path, ArchiveLimits(max_kept=2 * MB)).repository
    assert repository.read("5.safetensors", 50, 100) == files["5.safetensors"][50:150]
    assert repository.read("5.safetensors", 1_199_000, 5000) == files["5.safetensors"][1_199_000:]


def test_a_zip_whose_entries_share_their_bytes(tmp_path: Path) -> None:
    path = zip_archive(tmp_path / "model", {"a": WEIGHTS}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<I", content, at + 16)[0]
    entry = bytes(content[start:at])
    directory_of_ten = b"".join(entry[:46] + bytes([97 + number]) + entry[47:] for number in range(10))
    struct.pack_into("<HHII", content, at + 8, 10, 10, len(directory_of_ten), start)
    path.write_bytes(bytes(content[:start]) + directory_of_ten + bytes(content[at:]))
    assert refusal(path).reason == "its entries overlap"


def test_a_zip_whose_directory_would_fill_memory(tmp_path: Path) -> None:
    path = zip_archive(tmp_path / "model", FILES)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\x05\x06") + 12, 0xF0000000)
    path.write_bytes(content)
    assert "its directory claims" in refusal(path).reason


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_whose_header_would_fill_memory(tmp_path: Path, kind: bytes) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 8 * 1024**3 - 1
    (tmp_path / "model.tar").write_bytes(header.tobuf(tarfile.USTAR_FORMAT) + bytes(1000))
    assert "a header that claims" in refusal(tmp_path / "model.tar").reason


def test_a_tar_whose_headers_are_nested_without_end(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    chain = (header.tobuf(tarfile.USTAR_FORMAT) + b"a".ljust(512, b"\0")) * 5_000
    (tmp_path / "model.tar.gz").write_bytes(gzip.compress(chain))
    assert refusal(tmp_path / "model.tar.gz").state == "unsafe"


def test_a_sparse_file_in_a_tar(tmp_path: Path) -> None:
    member = tarfile.TarInfo("weights")
    member.type = tarfile.GNUTYPE_SPARSE
    (tmp_path / "model.tar").write_bytes(tar_bytes({}, member))
    assert refusal(tmp_path / "model.tar").state in ("unsafe", "invalid")


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_archives_that_are_cut_off(tmp_path: Path, kind: str) -> None:
    path = PACKED[kind](tmp_path / "model", {"weights.bin": WEIGHTS})
    content = path.read_bytes()
    for size in (len(content) // 2, 600):
        path.write_bytes(content[:size])
        assert refusal(path).state == "invalid"


@pytest.mark.parametrize("kind", ["zip", "stored zip", "tar.gz", "tar.xz"])
def test_archives_with_broken_bytes(tmp_path: Path, kind: str) -> None:
    path = PACKED[kind](tmp_path / "model", {"config.json": WEIGHTS})
    content = bytearray(path.read_bytes())
    content[1000:1400] = bytes(400)
    path.write_bytes(content)
    if "zip" in kind:
        assert state_of_read(path, "config.json") == "invalid"
    else:
        assert refusal(path).state == "invalid"


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_without_files(tmp_path: Path, kind: str) -> None:
    error = refusal(PACKED[kind](tmp_path / "model", {}))
    assert (error.state, "no files in it" in error.reason) == ("invalid", True)


def test_a_compressed_file_that_is_no_tar(tmp_path: Path) -> None:
    (tmp_path / "model.gguf.gz").write_bytes(gzip.compress(b"GGUF" + WEIGHTS))
    assert refusal(tmp_path / "model.gguf.gz").state == "invalid"


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = zip_archive(tmp_path / "model", FILES)
    content = path.read_bytes()
    at = content.index(b"PK\x01\x02")
    path.write_bytes(content[: at + 8] + b"\x01" + content[at + 9 :])
    error = refusal(path)
    assert (error.state, "encrypted" in error.reason) == ("unsupported", True)


def test_zstd_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "model.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(600))
    error = refusal(tmp_path / "model.tar.zst")
    assert (error.state, error.hint) == ("unsupported", "recompress it as tar.gz, or unpack it into a directory")


def test_what_is_not_there_or_no_model(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing").state == "not_found"
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").state == "unsupported"
    (tmp_path / "loop").symlink_to("loop")
    assert refusal(tmp_path / "loop").state == "unavailable"
    assert open_disk(tmp_path, replace(ArchiveLimits(), max_files=1)).repository.files == {}


def test_a_link_within_an_allowed_folder_leads_nowhere_else(tmp_path: Path) -> None:
    for folder in ("allowed/model", "secret/model"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "config.json").write_text("{}")
    (tmp_path / "allowed" / "link").symlink_to(tmp_path / "secret" / "model")
    providers = Providers(disk_roots=[tmp_path / "allowed"])
    with open_model(Target("disk", str(tmp_path / "allowed" / "model")), providers) as opened:
        assert opened.repository is not None
    for outside in ("allowed/link", "allowed/../secret/model", "secret/model"):
        with pytest.raises(ProviderError) as refused, open_model(Target("disk", str(tmp_path / outside)), providers):
            pass
        assert refused.value.state == "forbidden"
