"""What must hold of any bytes at all: an examiner finds, or says that it could not look; it never breaks, nor forgets."""

import gzip
import tarfile
from collections.abc import Callable
from io import BytesIO
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Finding, Verdict, verdict_of
from tests.corpus.everything import corpus
from tests.corpus.sample import Sample
from tests.corpus.zips import zip_of
from tests.fuzz.mutation import mutated

FILES = [sample for sample in corpus() if sample.link is None and len(sample.content) < 100_000]
# Kinds that are hostile by their bytes alone, whatever the name and the neighbors.
HOSTILE = [
    sample
    for sample in FILES
    if sample.hostile and sample.kind.startswith(("pickle-", "torch-", "gguf-template", "npy-object"))
]
names = st.sampled_from(sorted({sample.path.split("/", 2)[2] for sample in FILES}))
some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def examined(content: bytes, name: str) -> list[Finding]:
    return list(examine_file(MemoryContent(content), Place(name)))


def own_name(sample: Sample) -> str:
    return sample.path.split("/", 2)[2]


def tarred(content: bytes) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("model.pkl")
        info.size = len(content)
        archive.addfile(info, BytesIO(content))
    return out.getvalue()


@some
@given(st.binary(max_size=5_000), names)
def test_no_bytes_break_an_examiner(content: bytes, name: str) -> None:
    findings = examined(content, name)
    assert not [found for found in findings if found.verdict is Verdict.ERROR]
    assert examined(content, name) == findings


@some
@given(st.sampled_from(FILES), st.randoms(use_true_random=False))
def test_no_mutation_breaks_an_examiner(sample: Sample, chance: Random) -> None:
    content = mutated(sample.content, chance, [sample.content])
    assert not [found for found in examined(content, own_name(sample)) if found.verdict is Verdict.ERROR]


@some
@given(st.sampled_from(HOSTILE), st.binary(min_size=1, max_size=300))
def test_nothing_behind_a_hostile_file_makes_it_safe(sample: Sample, tail: bytes) -> None:
    assert verdict_of(examined(sample.content + tail, own_name(sample))) is not Verdict.SAFE


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [("zip", lambda content: zip_of({"model.pkl": content})), ("pkl.gz", gzip.compress), ("tar", tarred)],
)
@some
@given(st.sampled_from(HOSTILE))
def test_a_container_hides_nothing(suffix: str, pack: Callable[[bytes], bytes], sample: Sample) -> None:
    assert verdict_of(examined(pack(sample.content), f"model.{suffix}")).rank >= Verdict.SUSPICIOUS.rank
