"""The list of commands: each is found where the list says, and none is left out."""

import importlib

import click

from budmodel_pipeline.cli import PLACES, main
from budmodel_pipeline.commands.pipeline import ORIGINS
from budmodel_pipeline.settings import Origin


def test_every_command_has_its_name_and_a_word_of_help() -> None:
    context = click.Context(main)
    assert main.list_commands(context) == sorted(PLACES)
    for name in PLACES:
        command = main.get_command(context, name)
        assert command is not None
        assert (command.name, bool(command.help)) == (name, True)
    assert main.get_command(context, "nothing") is None


def test_every_command_of_a_module_is_listed() -> None:
    modules = {place.partition(":")[0] for place in PLACES.values()}
    found = {
        command.name
        for module in modules
        for command in vars(importlib.import_module(f"budmodel_pipeline.commands.{module}")).values()
        if isinstance(command, click.Command)
    }
    assert found == set(PLACES)


def test_the_origins_to_choose_from_are_those_that_there_are() -> None:
    assert list(ORIGINS) == [origin.value for origin in Origin]
