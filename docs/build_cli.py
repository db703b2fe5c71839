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
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name, **settings)
        pages.append((f"audit {name}", command.get_help(inner)))
    parts = ["# Command line", "", "Made by `make docs` from the commands.", ""]
    for title, text in pages:
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts += [f"## {title}", "", "```text", lines, "```", ""]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
