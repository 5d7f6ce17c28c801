"""Scores from other tools, one file per tool; what a tool needs is imported when it is used."""

from openal.integrations.pytorch_ood import PytorchOOD
from openal.integrations.row_score import RowScore
from openal.integrations.scikit_activeml import SkActiveML

__all__ = ["PytorchOOD", "RowScore", "SkActiveML"]
