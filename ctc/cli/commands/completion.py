"""ctc completion SHELL, and what the shell asks for when someone presses the tab key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from ctc.cli.registry import COMMANDS, COMPLETE_VAR

CompletionItems = list[CompletionItem[str]]

_PLUGIN_RECORDS = {
    "--aggregation": "Aggregation",
    "--backbone": "Backbone",
    "--engine": "Engine",
    "--format": "OutputFormat",
    "--loader": "Loader",
}


class CtcShellComplete(ShellComplete):
    """Click's own completion, which knows nothing of commands of two words, nor of the names of
    plugins."""

    def get_completions(self, args: list[str], incomplete: str) -> CompletionItems:
        if args and args[-1] in _PLUGIN_RECORDS:
            return _filter_by_prefix(_plugin_summaries(_PLUGIN_RECORDS[args[-1]]), incomplete)
        words = [word for word in args if not word.startswith("-")]
        if not words and not incomplete.startswith("-"):
            return _filter_by_prefix(_top_level_commands(), incomplete)
        further = _filter_by_prefix(_subcommands(words), incomplete)
        if words and words[0] not in COMMANDS:
            return further
        own = super().get_completions(args, incomplete)
        if any(item.type != "plain" for item in own):  # bash then offers files and nothing else
            return further if incomplete and further else own
        return further + own


class Bash(CtcShellComplete, BashComplete):
    """For bash 4.4 or newer."""


class Zsh(CtcShellComplete, ZshComplete):
    """For zsh."""


class Fish(CtcShellComplete, FishComplete):
    """For fish."""


SHELLS = {"bash": Bash, "zsh": Zsh, "fish": Fish}
for _name, _shell in SHELLS.items():
    add_completion_class(_shell, _name)


@click.command(
    epilog="Example: ctc completion bash > ~/.local/share/bash-completion/completions/ctc"
)
@click.argument("shell", type=click.Choice(list(SHELLS)), metavar="SHELL")
def command(shell: str) -> None:
    """Print what makes a SHELL complete commands, options, and the names of plugins.

    \b
    bash  ctc completion bash > ~/.local/share/bash-completion/completions/ctc
    zsh   ctc completion zsh > ~/.zfunc/_ctc   (and in .zshrc: fpath+=~/.zfunc; autoload -U compinit; compinit)
    fish  ctc completion fish > ~/.config/fish/completions/ctc.fish
    """
    root = click.get_current_context().find_root().command
    click.echo(SHELLS[shell](root, {}, "ctc", COMPLETE_VAR).source())


def _filter_by_prefix(summaries: Mapping[str, str], incomplete: str) -> CompletionItems:
    return [
        CompletionItem(name, help=text)
        for name, text in summaries.items()
        if name.startswith(incomplete)
    ]


def _top_level_commands() -> dict[str, str]:
    return {
        name.partition(" ")[0]: COMMANDS.get(name.partition(" ")[0], text)
        for name, text in COMMANDS.items()
    }


def _subcommands(words: Iterable[str]) -> dict[str, str]:
    """`verify` and `preview` after `dataset`."""
    begun = " ".join(words) + " "
    return {
        name.removeprefix(begun): text for name, text in COMMANDS.items() if name.startswith(begun)
    }


def _plugin_summaries(record: str) -> dict[str, str]:
    """The plugins of a kind, with their summaries."""
    from ctc import plugin
    from ctc.plugin.manager import plugins

    return {name: found.summary for name, found in plugins().all(getattr(plugin, record)).items()}
