"""A call as it was typed, for the page that a command writes."""

import shlex
from pathlib import Path

import typer
from typer.core import TyperArgument

# What does not change the result.
_LEFT_OUT = ("quiet", "as_json", "as_csv", "cores", "scheduler")


def typed(context: typer.Context, *command: str) -> str:
    """Write a call: files by their names, and the options that differ from their defaults.

    Parameters
    ----------
    context : typer.Context
        The call.
    *command : str
        Name of the command, such as "study" and "halves".

    Returns
    -------
    str
        A line for a shell. It does not say where this machine keeps its files: an argument is a file's name, and a
        folder to write to keeps its path only where that leads down from here.
    """
    arguments, options = [], []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name in _LEFT_OUT or value in (None, parameter.default, []):
            continue
        values = value if isinstance(value, list | tuple) else [value]
        if isinstance(parameter, TyperArgument):
            arguments += [_shown(one, by_name=True) for one in values]
        else:
            for one in values:
                options += [parameter.opts[0], *([] if one is True else [_shown(one, by_name=False)])]
    return shlex.join(["bayes-frontier", *command, *arguments, *options])


def _shown(value: object, *, by_name: bool) -> str:
    if not isinstance(value, Path):
        return str(value)
    return value.name if by_name or value.is_absolute() or ".." in value.parts else value.as_posix()
