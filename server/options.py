"""What several commands have alike: options, examples in their help, and texts that they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from graph.errors import BadInput
from server.settings import SETTINGS, Settings

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def example(*lines: str) -> str:
    """The end of a command's help; the mark keeps click from wrapping it."""
    return "\n".join(["\b", "Example:", *(f"  {line}" for line in lines)])


def setting(name: str, **more: Any) -> Callable[[F], F]:
    """The option that stands over a setting."""
    found = next(s for s in SETTINGS if s.name == name)

    def fitting(context: click.Context, option: click.Parameter, value: Any) -> Any:
        return found.read(value, found.option) if isinstance(value, str) else value

    return click.option(found.option, help=f"{found.help} [{found.env}; {found.shown}]", callback=fitting, **more)


def overridden(settings: Settings, **options: Any) -> Settings:
    """The settings with those options that were given."""
    return msgspec.structs.replace(settings, **{name: value for name, value in options.items() if value is not None})


def plain(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A text that an option gives, which may hold bytes that are none. Raises BadInput then."""
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{option.opts[0]} is {value!a}; expected text in UTF-8") from error
    return value
