"""Scores from other tools, and answers for them, a file per tool; imported when it is used."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.integrations.pytorch_ood import PytorchOOD
    from openal.integrations.row_score import RowScore
    from openal.integrations.scikit_activeml import SkActiveML

__all__ = ["PytorchOOD", "RowScore", "SkActiveML"]

lazy_package(__name__)
