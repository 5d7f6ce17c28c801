"""Scores from other tools, and answers for them, a file per tool; imported when it is used."""

from openal.integrations.pytorch_ood import PytorchOOD
from openal.integrations.row_score import RowScore
from openal.integrations.scikit_activeml import SkActiveML

__all__ = ["PytorchOOD", "RowScore", "SkActiveML"]
