"""Numbers as people read them."""

__all__ = ["percent", "signed"]


def percent(share: float) -> str:
    """A share as a percentage without its sign: 0.9534 as 95.34."""
    return f"{100 * share:.2f}"


def signed(text: str) -> str:
    """A number with its sign, and a minus as wide as the plus: zero has none."""
    if not float(text):
        return text.lstrip("-")
    return f"−{text[1:]}" if text.startswith("-") else f"+{text}"
