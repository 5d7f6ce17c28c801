"""Whether a file of the hub can be had: told within a few seconds."""

import os
from contextlib import suppress
from threading import Thread
from urllib.request import Request, urlopen

__all__ = ["SECONDS", "hub_answers", "hub_host"]

SECONDS = 2.0
"""How long an answer is waited for. Looking up a name has no time limit of its own."""

ON = {"1", "on", "true", "yes"}


def hub_address() -> str:
    """Where weights come from: HF_ENDPOINT, or huggingface.co."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def hub_host() -> str:
    """The same, as people call it."""
    return hub_address().partition("://")[2] or hub_address()


def hub_answers(repository: str, file: str, seconds: float = SECONDS) -> bool:
    """Whether the hub has this file for us, told within so many seconds.

    Nobody is asked where HF_HUB_OFFLINE says that there is no network.
    """
    said = (os.environ.get(f"{who}_OFFLINE", "") for who in ("HF_HUB", "TRANSFORMERS"))
    if any(word.lower() in ON for word in said):
        return False
    address = f"{hub_address()}/{repository}/resolve/main/{file}"
    answers: list[bool] = []
    asking = Thread(target=lambda: answers.append(_answers(address, seconds)), daemon=True)
    asking.start()
    asking.join(seconds)
    return answers == [True]


def _answers(address: str, seconds: float) -> bool:
    if not address.startswith(("https://", "http://")):
        return False
    with suppress(Exception):  # whatever is in the way, there is no file for us
        request = Request(address, method="HEAD")  # noqa: S310
        with urlopen(request, timeout=seconds) as answer:  # noqa: S310
            return bool(answer.status == 200)
    return False
