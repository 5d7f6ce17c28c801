"""The layer whose output is a network's logits: what it reads are the features."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.conv import _ConvNd

__all__ = ["Call", "calls_of", "logits_call"]

CLOSE = 1e-3
"""Of the largest logit: what TF32 and other orders of summation may differ by."""


class Call(NamedTuple):
    """One call of a layer: what it read and gave, both with a row per item."""

    name: str
    module: nn.Module
    features: Tensor  # [B, d]
    output: Tensor  # [B, ...]


class Affine(NamedTuple):
    """`features @ weight.T + bias`."""

    weight: Tensor  # [C, d]
    bias: Tensor  # [C]


@contextmanager
def calls_of(modules: Mapping[str, nn.Module]) -> Iterator[list[Call]]:
    """Fills a list with the calls that may make logits, in their order.

    Of a convolution with a kernel of 1, or one as large as its input, the features are averaged
    over, or flattened with, the positions; large feature maps are not kept.
    """
    calls: list[Call] = []
    with ExitStack() as stack:
        for name, module in modules.items():
            hook = module.register_forward_hook(partial(_remember, calls, name))
            stack.callback(hook.remove)
        yield calls


def _remember(
    calls: list[Call], name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any
) -> None:
    x = inputs[0] if inputs else None
    if not isinstance(x, Tensor) or not isinstance(output, Tensor) or x.ndim < 2:
        return
    if is_functorch_wrapped_tensor(x) or is_functorch_wrapped_tensor(output):
        return  # of a vmap, where it has no rows of items and may not be kept
    if isinstance(module, _ConvNd):
        features = _convolved(module, x, output)
    elif isinstance(module, nn.Linear):
        features = x.flatten(1, -2).mean(dim=1) if x.ndim > 2 else x.clone()
    else:
        features = x.clone() if x.ndim == 2 and output.ndim == 2 else None
    if features is not None:
        calls.append(Call(name, module, features, output))


def _convolved(module: Any, x: Tensor, output: Tensor) -> Tensor | None:
    """What a convolution that is a linear layer at each position, or at one, reads."""
    spatial = len(module.kernel_size)
    if module.transposed or module.groups > 1 or x.ndim != spatial + 2:
        return None
    if any(module.padding) if not isinstance(module.padding, str) else module.padding != "valid":
        return None
    if set(module.kernel_size) == {1} and set(module.stride) == {1}:
        return x.flatten(2).mean(dim=2)
    if tuple(x.shape[2:]) == tuple(module.kernel_size) and set(module.dilation) == {1}:
        return x.flatten(1)
    return None


def logits_call(calls: list[Call], logits: Tensor, probed: dict[str, Affine]) -> Call | None:
    """The call whose output is the logits [B, K], checked: W f + b equals them; or None.

    Linear layers and convolutions go by their weights; another layer, such as one with a
    low-rank adapter, by what it makes of each feature alone, which `probed` remembers.
    """
    if logits.ndim != 2 or not logits.is_floating_point():
        return None
    plain = [(call, _weights_of(call.module)) for call in calls if _is_linear(call.module)]
    fitting = [call for call, layer in plain if layer is not None and _fits(call, layer, logits)]
    if not fitting:
        wide = [call for call in reversed(calls) if _gives(call, logits)]
        fitting = [call for call in wide if _fits(call, _probed(call, probed), logits)][:1]
    exact = [call for call in fitting if call.output.data_ptr() == logits.data_ptr()]
    return next(iter(exact[::-1] + fitting[::-1]), None)


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | _ConvNd)


def _weights_of(module: Any) -> Affine | None:
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    if not isinstance(weight, Tensor) or not weight.is_floating_point():
        return None
    flat = weight.detach().flatten(1)
    return Affine(flat, flat.new_zeros(len(flat)) if bias is None else bias.detach())


def _probed(call: Call, known: dict[str, Affine]) -> Affine:
    """The weights that the layer would have if it were linear, from its answers to unit rows."""
    if call.name not in known:
        features = call.features.detach()
        rows = torch.eye(features.shape[1], dtype=features.dtype, device=features.device)
        with torch.no_grad():
            bias = call.module(torch.zeros_like(rows[:2]))[0]
            known[call.name] = Affine((call.module(rows) - bias).T, bias)
    return known[call.name]


def _gives(call: Call, logits: Tensor) -> bool:
    output = call.output
    if output.shape != logits.shape or output.device != logits.device:
        return False
    return torch.allclose(output.float(), logits.float(), rtol=CLOSE, atol=1e-6)


def _fits(call: Call, layer: Affine, logits: Tensor) -> bool:
    """Whether the features, weights and bias make the logits, up to rounding."""
    features = call.features.detach()
    if layer.weight.shape != (logits.shape[1], features.shape[1]) or len(features) != len(logits):
        return False
    if not features.device == layer.weight.device == logits.device:
        return False
    kind = torch.promote_types(logits.dtype, torch.float32)
    f, weight, bias, wanted = (t.to(kind) for t in (features, *layer, logits))
    finite = f.isfinite().all(dim=1) & wanted.isfinite().all(dim=1)
    if logits.is_meta or not finite.any():  # refused where they are read, with the first item
        return call.output is logits
    f, wanted = f[finite], wanted[finite]
    eps = max(torch.finfo(t.dtype).eps for t in (logits, features, call.output, layer.weight))
    rounding = 2 * eps * (f.abs() @ weight.abs().T).amax()
    missed = (f @ weight.T + bias - wanted).abs().amax()
    return bool(missed <= CLOSE * wanted.abs().amax() + rounding)
