"""The knowledge file is consistent: a build fails where it contradicts itself or its own rules."""

import re
from importlib import resources

import pytest

from budmodel_pipeline.identity.knowledge import KnowledgeError, knowledge, read
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.variant import version_tuple

TEXT = resources.files("budmodel_pipeline.identity").joinpath("knowledge.toml").read_text("utf-8")
KNOWN = knowledge()


def test_two_vendors_cannot_share_a_name() -> None:
    with pytest.raises(KnowledgeError, match=r"deepseek.*claimed"):
        read(TEXT.replace('"openai" = []', '"openai" = ["DeepSeek"]'))


def test_two_models_cannot_share_an_alias() -> None:
    with pytest.raises(KnowledgeError, match=r"gpt-4-omni.*gpt-5 and gpt-4o"):
        read(TEXT.replace("[aliases]\n", '[aliases]\n"gpt-5" = ["gpt-4-omni"]\n'))


def test_two_words_cannot_join_the_same_phrase() -> None:
    with pytest.raises(KnowledgeError, match="code llama"):
        read(TEXT.replace("[phrases]\n", '[phrases]\nllamacode = ["code llama"]\n'))


@pytest.mark.parametrize(("alias", "name"), sorted(KNOWN.aliases.items()))
def test_an_alias_leads_to_its_model(alias: str, name: str) -> None:
    assert resolve("", alias).model_id == resolve("", name).model_id
    assert resolve("", name).model_id.endswith(f"/{name}")


@pytest.mark.parametrize("name", sorted(KNOWN.releases))
def test_a_release_keeps_its_official_name(name: str) -> None:
    model = resolve("", name).model_id
    assert resolve("", model).model_id == model
    same = [other for other in KNOWN.releases if other != name and resolve("", other).model_id == model]
    assert not same, f"{name} and {same} are one model to the rules"


@pytest.mark.parametrize(("name", "model"), sorted(KNOWN.overrides.items()))
def test_an_override_names_an_id(name: str, model: str) -> None:
    assert resolve("", name).model_id == model
    assert resolve("", model).model_id == model


@pytest.mark.parametrize("word", sorted(KNOWN.families))
def test_a_family_can_be_read(word: str) -> None:
    family = KNOWN.families[word]
    assert re.fullmatch("[a-z]+", word), "letters alone are one word of a name"
    assert word not in KNOWN.plain - {"o"}, "a plain word shows no family"
    for version in (
        family.hybrid_from,
        family.chat_from,
        family.instruct_from,
        family.one_tuning_from,
        *family.plain_hybrids,
    ):
        assert not version or version_tuple(version)
    found = resolve("", family.spelled or word)
    assert found.model_id.startswith(f"{family.vendor}/")


def test_no_word_is_two_things() -> None:
    assert not KNOWN.noise & KNOWN.families.keys()
    assert not KNOWN.derived & KNOWN.plain
    assert not KNOWN.synonyms.keys() & KNOWN.families.keys()
    assert not KNOWN.synonyms.keys() & set(KNOWN.synonyms.values())
