"""Write ``docs/cli.md`` from the commands themselves, so that it cannot drift."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli import cli

PAGE = Path(__file__).with_name("cli.md")


def render() -> str:
    """The reference of all commands, as Markdown."""
    settings = {**cli.context_settings, "terminal_width": 100, "max_content_width": 100}
    context = click.Context(cli, info_name="audit", **settings)
    pages = [("audit", cli.get_help(context))]
    pages += _pages(cli, context, settings)
    parts = ["# Command line", "", "Made by `make docs` from the commands.", ""]
    for title, text in pages:
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts += [f"## {title}", "", "```text", lines, "```", ""]
    return "\n".join(parts)


def _pages(group: click.Group, context: click.Context, settings: dict) -> list[tuple[str, str]]:
    """Title and help of each command of a group, and of the commands of groups in it."""
    pages = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name, **settings)
        pages.append((inner.command_path, command.get_help(inner)))
        if isinstance(command, click.Group):
            pages += _pages(command, inner, settings)
    return pages


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
