"""The words of the command line as completion scripts of shells: of bash, of zsh and of fish.

A script holds all words itself, so completing starts no Python.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from shlex import quote

__all__ = ["SHELLS", "CommandWords", "words_of"]


BASH = """\
# Completion of openal for bash: a file for `source`
_openal() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W @TOP@ -- "$current"))
        return
    fi
    case "${COMP_WORDS[1]} $previous" in
@CHOICES@
    esac
    # What follows an option without choices is a value, such as a file.
    if [[ -z $words && ( $previous != --* || $current == -* ) ]]; then
        case "${COMP_WORDS[1]}" in
@WORDS@
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [ "${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _openal openal
"""

ZSH = """\
#compdef openal
# Completion of openal for zsh: a file for `source`, after compinit
_openal() {
    local -a commands
    local found=
    commands=(
@COMMANDS@
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case "${words[2]} ${words[CURRENT-1]}" in
@CHOICES@
    esac
    # What follows an option without choices is a value, such as a file.
    if [[ -z $found && ( ${words[CURRENT-1]} != --* || ${words[CURRENT]} == -* ) ]]; then
        case "${words[2]}" in
@WORDS@
        esac
    fi
    compadd -- ${=found}
    _files
}
compdef _openal openal
"""


@dataclass(frozen=True)
class CommandWords:
    """What may follow a command: a `summary`, its `options`, and the `choices` of an option.

    `first` are words that may stand first, such as those of `openal ledger`.
    """

    summary: str
    options: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] | None = None
    first: tuple[str, ...] = ()


def words_of(parser: argparse.ArgumentParser, summary: str) -> CommandWords:
    """The words of a parser and of the parsers inside it."""
    options: list[str] = []
    choices: dict[str, tuple[str, ...]] = {}
    first: list[str] = []
    for action in _actions(parser):
        options += [name for name in action.option_strings if name.startswith("--")]
        found = tuple(str(choice) for choice in action.choices or ())
        choices.update(dict.fromkeys(action.option_strings, found) if found else {})
        first += [] if action.option_strings else found
    return CommandWords(summary, tuple(dict.fromkeys(options)), choices, tuple(first))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)


def _bash(commands: Mapping[str, CommandWords]) -> str:
    return _cases(BASH.replace("@TOP@", quote(_top(commands))), commands, "words={}")


def _choices(commands: Mapping[str, CommandWords]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What may follow an option of a command."""
    for name, command in commands.items():
        for option, choices in (command.choices or {}).items():
            yield f"{name} {option}", choices


def _plain(commands: Mapping[str, CommandWords]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What may stand anywhere after a command."""
    for name, command in commands.items():
        yield name, (*command.first, *command.options)


def _lines(cases: Iterable[tuple[str, tuple[str, ...]]], assign: str) -> str:
    """The cases of a `case`."""
    return "\n".join(
        f"        {quote(pattern)}) {assign.format(quote(' '.join(words)))} ;;"
        for pattern, words in cases
    )


def _zsh(commands: Mapping[str, CommandWords]) -> str:
    described = "\n".join(
        f"        {quote(f'{name}:{command.summary}')}" for name, command in commands.items()
    )
    return _cases(ZSH.replace("@COMMANDS@", described), commands, "found={}")


def _cases(script: str, commands: Mapping[str, CommandWords], assign: str) -> str:
    """The script with what may follow an option, and what else may follow a command."""
    script = script.replace("@CHOICES@", _lines(_choices(commands), assign))
    return script.replace("@WORDS@", _lines(_plain(commands), assign))


def _fish(commands: Mapping[str, CommandWords]) -> str:
    return "\n".join(
        [
            "# Completion of openal for fish: openal completion fish | source",
            *_fish_lines(commands),
            "",
        ]
    )


def _fish_lines(commands: Mapping[str, CommandWords]) -> Iterator[str]:
    for name, command in commands.items():
        summary = quote(command.summary)
        yield f"complete -c openal -n __fish_use_subcommand -f -a {name} -d {summary}"
        here = f"complete -c openal -n '__fish_seen_subcommand_from {name}'"
        for word in command.first:
            yield f"{here} -a {quote(word)}"
        for option in command.options:
            choices = (command.choices or {}).get(option, ())
            values = f" -x -a {quote(' '.join(choices))}" if choices else ""
            yield f"{here} -l {option.removeprefix('--')}{values}"


def _top(commands: Iterable[str]) -> str:
    return " ".join([*commands, "--help", "--version"])


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""How a script is made of the words of all commands, by the name of the shell."""
