"""Every error that a user can cause.

```
OpenALError
├── ArgumentError        (ValueError)    an argument that cannot be right
│   ├── ArrayError                       an array: its shape, type or a NaN; names the first row
│   └── AnswerError                      an answer that the labeled set refuses
├── MissingSignalError   (LookupError)   a strategy reads a signal that nobody offers
├── ScoreError           (ValueError)    a score that cannot be ranked: NaN, infinite, wrong shape
├── ModelError           (RuntimeError)  a model whose output is not what was asked for
├── LedgerError          (RuntimeError)  a file of answers that cannot be used as it is
├── StoreError           (RuntimeError)  a store of embeddings that cannot be used as it is
├── CheckpointError      (RuntimeError)  a file of weights that cannot be used
└── MissingPackageError  (ImportError)   an optional package that is not installed
```
"""

__all__ = [
    "AnswerError",
    "ArgumentError",
    "ArrayError",
    "CheckpointError",
    "LedgerError",
    "MissingPackageError",
    "MissingSignalError",
    "ModelError",
    "OpenALError",
    "ScoreError",
    "StoreError",
]


class OpenALError(Exception):
    """The root of the tree: `except OpenALError` catches all that `openal` raises on purpose."""


class ArgumentError(OpenALError, ValueError):
    """An argument that cannot be right; the message names it and says what was expected."""


class ArrayError(ArgumentError):
    """An array that cannot be used; the message names the argument and its first bad row."""


class AnswerError(ArgumentError):
    """An answer that the labeled set refuses; nothing was recorded."""


class MissingSignalError(OpenALError, LookupError):
    """A strategy reads a signal that neither the pool, a model nor a learner offers."""


class ScoreError(OpenALError, ValueError):
    """A score that cannot be ranked; the message names the stage and the first index."""


class ModelError(OpenALError, RuntimeError):
    """A model whose output is not what was asked for."""


class LedgerError(OpenALError, RuntimeError):
    """A file of answers that cannot be used as it is; the file was not changed."""


class CheckpointError(OpenALError, RuntimeError):
    """A file of weights that cannot be used: damaged, of another model, or not only tensors."""


class StoreError(OpenALError, RuntimeError):
    """A store of embeddings that cannot be used as it is; what it holds was not changed."""


class MissingPackageError(OpenALError, ImportError):
    """An optional package that is not installed; the message says how to install it."""
