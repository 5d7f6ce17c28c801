"""The network of the open-set active-learning papers."""

from torch import nn

__all__ = ["cifar_resnet18"]


def cifar_resnet18(num_outputs: int) -> nn.Module:
    """A ResNet-18 for small images [B, 3, H, W]: its first layers keep their resolution.

    torchvision's network with a 3 x 3 first convolution of stride 1 and without max-pooling,
    randomly initialized. Its features have 512 dimensions.

    Reference: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. The released
    code of LfOSA squeezes the features through two dimensions; this network does not.
    """
    from torchvision.models import resnet18

    network: nn.Module = resnet18(num_classes=num_outputs)
    convolution = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    network.conv1, network.maxpool = convolution, nn.Identity()
    return network
