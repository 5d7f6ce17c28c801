"""Free energies of logits (Liu et al., NeurIPS 2020), and EAOA's epistemic and aleatoric ones."""

import torch
from torch import Tensor

from openal._checks import as_tensor
from openal.errors import ArrayError
from openal.functional._rows import map_rows

__all__ = ["aleatoric_energy", "energy", "epistemic_energy"]


def energy(logits: Tensor) -> Tensor:
    """The free energy of each item, -log(sum_c exp(z_c)): the lower, the more known.

    Args:
        logits: (N, K), raw; the temperature is 1.

    Returns:
        (N,); float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Liu, Wang, Owens and Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020,
    eq. 4.

    >>> energy(torch.tensor([[9.0, 0.0], [1.0, 0.0]]))
    tensor([-9.0001, -1.3133])
    """
    return map_rows(_energy, logits, "logits", ndim=2)


def epistemic_energy(logits: Tensor) -> Tensor:
    """How little a detector knows of each item: the energy of K classes and of unknown (EAOA).

    -log(sum_c exp(z_c)) over the K classes, + log(1 + exp(z_{K+1})).

    Args:
        logits: (N, K + 1), raw, of a detector; the last column is unknown.

    Returns:
        (N,), larger is less known; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K + 1) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Zong and Huang, "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set
    Annotation: An Energy-Based Approach" (EAOA), CVPR 2025.

    >>> epistemic_energy(torch.tensor([[9.0, 0.0, 0.0], [1.0, 0.0, 5.0]]))
    tensor([-8.3070,  3.6935])
    """
    logits = as_tensor(logits, "logits")
    if logits.ndim == 2 and logits.shape[1] < 2:
        raise ArrayError(f"logits must be (N, K + 1), K > 0, got {tuple(logits.shape)}.")
    return map_rows(_epistemic, logits, "logits", ndim=2)


def aleatoric_energy(logits: Tensor) -> Tensor:
    """How much of each item its best class leaves to the others: the logarithm of 1 - p1 (EAOA).

    The energy of all classes, less the energy of all but the best. With one class nothing is left
    to others; all items then have 0.

    Args:
        logits: (N, K), raw, of the classifier.

    Returns:
        (N,), larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Zong and Huang, "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set
    Annotation: An Energy-Based Approach" (EAOA), CVPR 2025.

    >>> aleatoric_energy(torch.tensor([[2.0, 2.0], [9.0, 0.0]]))
    tensor([-0.6931, -9.0001])
    """
    return map_rows(_aleatoric, logits, "logits", ndim=2)


def _energy(logits: Tensor) -> Tensor:
    # log_softmax at the best class is minus the logarithm of all shares relative to it.
    return logits.log_softmax(dim=1).amax(dim=1) - logits.amax(dim=1)


def _epistemic(logits: Tensor) -> Tensor:
    unknown = logits[:, -1]
    # log(1 + e^z) without overflow, and with one result for equal numbers.
    softplus = unknown.clamp(min=0) + unknown.abs().neg().exp().log1p()
    return _energy(logits[:, :-1]) + softplus


def _aleatoric(logits: Tensor) -> Tensor:
    if logits.shape[1] == 1:
        return torch.zeros_like(logits[:, 0])
    best = logits.argmax(dim=1, keepdim=True)
    others = logits.scatter(1, best, -torch.inf)
    return _energy(logits) - _energy(others)
