"""References made ready once: the neighbors of any block, and only those above a floor."""

import pickle

import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import _cosines, _references, knn
from openal.functional._cosines import nearest, normalized_rows
from openal.functional._references import References
from tests.walking import walked

generator = torch.Generator()


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order_of_tests() -> None:
    generator.manual_seed(0)


def points(rows: int, kind: str, dims: int = 6) -> Tensor:
    """In general position, copies of a few, or on a lattice with rows of zeros."""
    z = torch.randn(rows, dims, generator=generator)
    return {"plain": z, "copies": z[torch.arange(rows) % 5], "lattice": z.round().clamp(-1, 1)}[
        kind
    ]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_blocks_of_queries_find_what_one_search_finds(dtype: torch.dtype) -> None:
    queries, references = points(50, "plain").to(dtype), points(80, "copies").to(dtype)
    known = pickle.loads(pickle.dumps(References.of(references, 7)))
    expected = knn(queries, references, 7)
    for block, similarity, indices in zip(*(x.split(9) for x in (queries, *expected)), strict=True):
        found = known.nearest(block)
        assert found.similarity.dtype == torch.float64
        assert torch.equal(found.similarity.to(similarity.dtype), similarity)
        assert torch.equal(found.indices, indices)


@walked
@pytest.mark.parametrize("kind", ["plain", "copies", "lattice"])
@pytest.mark.parametrize("k", [1, 4, 40])
def test_all_that_reach_the_floor_are_found(kind: str, k: int) -> None:
    queries, known = points(60, kind), References.of(points(40, kind), k)
    full = known.nearest(queries)
    floor = full.similarity[:, k // 2] + 3 * (torch.arange(60) % 3 == 0)
    found = known.nearest(queries, floor)
    reaching = full.similarity >= floor[:, None]
    assert reaching.any(dim=1).sum() == 40
    assert torch.equal(found.similarity[reaching], full.similarity[reaching])
    assert torch.equal(found.indices[reaching], full.indices[reaching])
    assert (found.similarity[~reaching] < floor[:, None].expand_as(reaching)[~reaching]).all()


@pytest.mark.parametrize("kind", ["plain", "copies", "lattice"])
def test_many_references_find_what_few_find(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    queries, references = points(60, kind), points(40, kind)
    few = References.of(references, 7)
    monkeypatch.setattr(_references, "WIDE_ELEMENTS", 0)  # too many to be held in float64
    monkeypatch.setattr(_cosines, "WIDE_ELEMENTS", 13 * 6)  # so many pairs at a time
    many = References.of(references, 7)
    assert (few.known.rows.dtype, many.known.rows.dtype) == (torch.float64, torch.float32)
    for found, expected in zip(many.nearest(queries), few.nearest(queries), strict=True):
        assert torch.equal(found, expected)


def test_a_pair_has_the_same_cosine_in_any_company() -> None:
    known = normalized_rows(points(50, "plain", dims=131), torch.float32)
    rows, columns = (torch.arange(2500) // 50, torch.arange(2500) % 50)
    cosines = _cosines.cosines_of(known, known, rows, columns)
    assert torch.equal(cosines.view(50, 50), cosines.view(50, 50).T)
    some = torch.arange(3, 2500, 7)
    assert torch.equal(_cosines.cosines_of(known, known, rows[some], columns[some]), cosines[some])
    assert len(_cosines.cosines_of(known, known, rows[:0], columns[:0])) == 0


def test_no_queries_above_a_floor() -> None:
    found = References.of(points(5, "plain"), 2).nearest(torch.empty(0, 6), torch.empty(0))
    assert found.similarity.shape == (0, 2)


@pytest.mark.parametrize("height", [0, 0.02])
def test_products_of_low_precision_are_noticed_above_a_floor(height: float) -> None:
    rows = (points(n, "plain", 64) for n in (40, 300))
    queries, references = (normalized_rows(x, torch.float32) for x in rows)
    blunt = [x._replace(units=x.units.bfloat16().float()) for x in (queries, references)]
    full = nearest(queries, references, 10)
    floor = full.similarity[:, 0] + height
    floor[7] = full.similarity[7, 0]
    found = nearest(blunt[0], blunt[1], 10, floor)
    reaching = full.similarity >= floor[:, None]
    assert torch.equal(found.similarity[reaching], full.similarity[reaching])
    assert torch.equal(found.indices[reaching], full.indices[reaching])


def test_references_are_checked_when_made_and_queries_when_they_come() -> None:
    references = points(5, "plain")
    with pytest.raises(ArrayError, match="queries must be finite; row 3 is not"):
        References.of(references, 2).nearest(
            torch.ones(4, 6).index_fill(0, torch.tensor(3), torch.inf)
        )
    references[4] = torch.nan
    with pytest.raises(ArrayError, match="references must be finite; row 4 is not"):
        References.of(references, 2)
    with pytest.raises(ArrayError, match=r"references must be \(M, D\)"):
        References.of(references[0], 2)
