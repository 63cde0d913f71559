"""``marathon completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

HOW = {
    "bash": 'eval "$(marathon completion bash)"      in ~/.bashrc',
    "zsh": 'eval "$(marathon completion zsh)"       in ~/.zshrc',
    "fish": "marathon completion fish | source       in ~/.config/fish/config.fish",
}


@click.command("completion", short_help="Print what makes a shell complete commands, options and app ids.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes SHELL complete commands, options, and the ids of apps and deployments that the service knows.

    \b
      eval "$(marathon completion bash)"      # in ~/.bashrc
      eval "$(marathon completion zsh)"       # in ~/.zshrc
      marathon completion fish | source       # in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root()
    if kind is None:  # click has no such shell any more
        raise click.UsageError(f"completion for {shell} is not there in this version of click")
    click.echo(kind(root.command, {}, root.info_name or "marathon", "_MARATHON_COMPLETE").source())
