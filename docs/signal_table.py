"""The table of standard signals in `docs/concepts.md`: `python -m docs.signal_table` prints it."""

from openal._signals import STANDARD


def signal_table() -> str:
    """A row per signal: its name, its shape, what it is."""
    rows = [
        f"| `{name}` | ({standard.shape.replace(' ', ', ')}) | {standard.about} |"
        for name, standard in STANDARD.items()
    ]
    return "\n".join(["| signal | shape | what |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(signal_table())
