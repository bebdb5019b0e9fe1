"""Shards of distributed checkpoints: one zip file of torch behind the other, each read by itself."""

import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.corpus.pickling import dumps
from tests.corpus.torch_files import torch_zip
from tests.unit.budmodel_scanner.pickle_making import calling

TENSOR = torch_zip(dumps({"step": 1}))
HOSTILE = torch_zip(calling("os", "system"))


def verdict(content: bytes) -> Verdict:
    return verdict_of(list(examine_file(MemoryContent(content), Place("checkpoint/__0_0.distcp"))))


@pytest.mark.parametrize("content", [TENSOR, TENSOR * 3, torch_zip(dumps([])) + TENSOR])
def test_tensors_behind_each_other_are_safe(content: bytes) -> None:
    assert verdict(content) is Verdict.SAFE


@pytest.mark.parametrize("content", [HOSTILE, TENSOR + HOSTILE, HOSTILE + TENSOR, TENSOR + HOSTILE + TENSOR])
def test_each_of_them_is_read(content: bytes) -> None:
    assert verdict(content) is Verdict.MALICIOUS


@pytest.mark.parametrize("content", [TENSOR + b"x" * 9 + TENSOR, TENSOR + b"x" * 9, TENSOR + TENSOR[:-30], b"x" + TENSOR])
def test_what_lies_between_or_behind_them_is_not_overlooked(content: bytes) -> None:
    assert verdict(content) is not Verdict.SAFE
