"""Every group's best, then every group's second best."""

import pytest
import torch

from openal.selection.top_per_group import in_passes
from tests.walking import walked


def by_hand(groups: list[int], scores: list[float], ranks: list[int]) -> list[int]:
    left = {
        group: sorted((i for i, g in enumerate(groups) if g == group), key=lambda i: -scores[i])
        for group in sorted(set(groups), key=lambda g: (ranks[g], g))
    }
    rows: list[int] = []
    while any(left.values()):
        rows += [members.pop(0) for members in left.values() if members]
    return rows


@walked
@pytest.mark.parametrize("seed", range(8))
def test_it_is_what_taking_turns_gives(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    groups = torch.randint(6, (40,), generator=generator)
    scores = torch.randint(4, (40,), generator=generator).double()
    ranks = torch.randint(3, (6,), generator=generator)
    expected = by_hand(groups.tolist(), scores.tolist(), ranks.tolist())
    assert in_passes(groups, scores, ranks).tolist() == expected


def test_no_rows() -> None:
    nothing = torch.zeros(0, dtype=torch.int64)
    assert in_passes(nothing, nothing.double(), torch.zeros(3)).tolist() == []
