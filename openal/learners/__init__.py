"""What needs to be trained or to see pixels: learners, which offer signals to the scores."""

from openal.learners.classifier import Classifier
from openal.learners.crop_flip import CropFlip
from openal.learners.detector import Detector
from openal.learners.embedding_classifier import EmbeddingClassifier
from openal.learners.embedding_detector import EmbeddingDetector
from openal.learners.encoder import Encoder
from openal.learners.resnet import cifar_resnet18

__all__ = [
    "Classifier",
    "CropFlip",
    "Detector",
    "EmbeddingClassifier",
    "EmbeddingDetector",
    "Encoder",
    "cifar_resnet18",
]
