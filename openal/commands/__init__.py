"""What `openal COMMAND` runs: arguments in, sentences out."""

__all__: list[str] = []
