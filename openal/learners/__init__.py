"""What needs to be trained or to see pixels: learners, which offer signals to the scores."""

from openal.learners.classifier import Classifier
from openal.learners.clip import CLIP
from openal.learners.clipn import CLIPN
from openal.learners.crop_flip import CropFlip
from openal.learners.detector import Detector
from openal.learners.embedding_classifier import EmbeddingClassifier
from openal.learners.embedding_detector import EmbeddingDetector
from openal.learners.encoder import Encoder
from openal.learners.resnet import cifar_resnet18
from openal.learners.text_cosines import ClassCosines, TextCosines

__all__ = [
    "CLIP",
    "CLIPN",
    "ClassCosines",
    "Classifier",
    "CropFlip",
    "Detector",
    "EmbeddingClassifier",
    "EmbeddingDetector",
    "Encoder",
    "TextCosines",
    "cifar_resnet18",
]
