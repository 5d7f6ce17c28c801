"""What needs to be trained or to see pixels: learners, which offer signals to the scores."""

from openal.learners.classifier import Classifier
from openal.learners.clip import CLIP
from openal.learners.clipn import CLIPN
from openal.learners.crop_flip import CropFlip
from openal.learners.detector import Detector
from openal.learners.dropout_classifier import DropoutClassifier
from openal.learners.embedding_classifier import EmbeddingClassifier
from openal.learners.embedding_detector import EmbeddingDetector
from openal.learners.embedding_dropout import EmbeddingDropout
from openal.learners.embedding_entropic import EmbeddingEntropicDetector
from openal.learners.embedding_evidence import EmbeddingEvidence
from openal.learners.embedding_loss_predictor import EmbeddingLossPredictor
from openal.learners.embedding_one_vs_all import EmbeddingOneVsAll
from openal.learners.encoder import Encoder
from openal.learners.entropic_detector import EntropicDetector
from openal.learners.generative_dropout import GenerativeDropout
from openal.learners.loss_prediction import LossPrediction
from openal.learners.loss_predictor import LossPredictor
from openal.learners.mc_dropout import MCDropout
from openal.learners.one_vs_all import OneVsAll
from openal.learners.resnet import PixelResNet18, cifar_resnet18
from openal.learners.text_cosines import ClassCosines, TextCosines

__all__ = [
    "CLIP",
    "CLIPN",
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
    "TextCosines",
    "cifar_resnet18",
]
