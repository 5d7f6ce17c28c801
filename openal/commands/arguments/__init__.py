"""What can be typed after `openal COMMAND`: known without what the command computes with."""

__all__: list[str] = []
