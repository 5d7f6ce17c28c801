"""What needs to be trained or to see pixels: learners, which offer signals to the scores."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.learners.calibrated import CalibratedDetector
    from openal.learners.classifier import Classifier, EmbeddingClassifier
    from openal.learners.clip import CLIP
    from openal.learners.clipn import CLIPN
    from openal.learners.detector import Detector, EmbeddingDetector
    from openal.learners.dropout import DropoutClassifier, EmbeddingDropout
    from openal.learners.encoder import Encoder
    from openal.learners.entropic_detector import EmbeddingEntropicDetector, EntropicDetector
    from openal.learners.evidence import EmbeddingEvidence
    from openal.learners.generative_dropout import GenerativeDropout
    from openal.learners.loss_prediction import LossPrediction
    from openal.learners.loss_predictor import EmbeddingLossPredictor, LossPredictor
    from openal.learners.mc_dropout import MCDropout
    from openal.learners.networks import CropFlip, PixelResNet18, SmallCNN, cifar_resnet18
    from openal.learners.nouns import common_nouns
    from openal.learners.one_vs_all import EmbeddingOneVsAll, OneVsAll
    from openal.learners.prompts import Prompts, TunedPrompts
    from openal.learners.text_cosines import ClassCosines, TextCosines

__all__ = [
    "CLIP",
    "CLIPN",
    "CalibratedDetector",
    "ClassCosines",
    "Classifier",
    "CropFlip",
    "Detector",
    "DropoutClassifier",
    "EmbeddingClassifier",
    "EmbeddingDetector",
    "EmbeddingDropout",
    "EmbeddingEntropicDetector",
    "EmbeddingEvidence",
    "EmbeddingLossPredictor",
    "EmbeddingOneVsAll",
    "Encoder",
    "EntropicDetector",
    "GenerativeDropout",
    "LossPrediction",
    "LossPredictor",
    "MCDropout",
    "OneVsAll",
    "PixelResNet18",
    "Prompts",
    "SmallCNN",
    "TextCosines",
    "TunedPrompts",
    "cifar_resnet18",
    "common_nouns",
]

lazy_package(__name__)
