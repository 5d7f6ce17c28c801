"""What the options of commands can be, for a help that imports nothing of what they stand for.

A test holds each against that.
"""

__all__ = [
    "DATASETS",
    "DTYPES",
    "FORMATS",
    "IMAGE_TASKS",
    "MAX_PIXELS",
    "OUT",
    "PROTOCOLS",
    "RECIPES",
    "SIMULATED",
    "TOOLS",
]

DATASETS = ("cifar10", "cifar100", "tiny-imagenet")
DTYPES = ("float16", "float32")
FORMATS = ("csv", "json", "parquet")
IMAGE_TASKS = ("cnn", "resnet18")
MAX_PIXELS = 178_956_970
OUT = "openal-simulation"
PROTOCOLS = ("clipnal", "known", "random")
RECIPES = (
    "clipnal",
    "lfosa",
    "lfosa-openness",
    "jsosal",
    "neat",
)
SIMULATED = ("Random", "Uncertainty", "NEAT", "LfOSA", "JSOSAL", "KnownKMeans")
TOOLS = ("coco", "cvat", "fiftyone", "label-studio", "label-studio-config")
