"""The command `ctc completion`, and the completions that a shell asks for."""

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


class CtcShellComplete(ShellComplete):
    """Click's completion, extended for commands of two words."""

    def get_completions(self, args: list[str], incomplete: str) -> CompletionItems:
        """Return the completions of `incomplete` after the words `args`."""
        words = [word for word in args if not word.startswith("-")]
        if not words and not incomplete.startswith("-"):
            return _filter_by_prefix(_top_level_commands(), incomplete)
        subcommands = _filter_by_prefix(_subcommands(words), incomplete)
        if words and words[0] not in COMMANDS:
            return subcommands
        items = super().get_completions(args, incomplete)
        if any(item.type != "plain" for item in items):  # bash then offers files and nothing else
            return subcommands if incomplete and subcommands else items
        return subcommands + items


class Bash(CtcShellComplete, BashComplete):
    """Completion for bash 4.4 or newer."""


class Zsh(CtcShellComplete, ZshComplete):
    """Completion for zsh."""


class Fish(CtcShellComplete, FishComplete):
    """Completion for fish."""


SHELLS = {"bash": Bash, "zsh": Zsh, "fish": Fish}
for _name, _shell in SHELLS.items():
    add_completion_class(_shell, _name)


@click.command(
    epilog="Example: ctc completion bash > ~/.local/share/bash-completion/completions/ctc"
)
@click.argument("shell", type=click.Choice(list(SHELLS)), metavar="SHELL")
def command(shell: str) -> None:
    """Print a script for SHELL that completes commands, options, and the names of plugins.

    \b
    bash  ctc completion bash > ~/.local/share/bash-completion/completions/ctc
    zsh   ctc completion zsh > ~/.zfunc/_ctc
          in .zshrc: fpath+=~/.zfunc; autoload -U compinit; compinit
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
    """Return the second words of commands with their summaries: `verify` after `dataset`."""
    prefix = " ".join(words) + " "
    return {
        name.removeprefix(prefix): text
        for name, text in COMMANDS.items()
        if name.startswith(prefix)
    }
