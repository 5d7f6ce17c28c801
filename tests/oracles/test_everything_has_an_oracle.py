"""Every public function, and where its independent slow implementation stands."""

import ast
from functools import cache
from pathlib import Path

import pytest

from openal import functional

TESTS = Path(__file__).parents[1]
ORACLES = {  # the file in tests/functional, without "test_", and the function that knows better
    "MetaQuery": "meta_query test_the_score_row_by_row",
    "aleatoric_energy": "energy test_row_by_row_from_the_formulas",
    "anchor_agreement": "distinctiveness by_loop",
    "approximate_knn": "approximate_neighbors by_loop",
    "balanced_k_center": "balanced_k_center by_hand",
    "bald": "uncertainty slow",
    "batch_bald": "batch_bald greedy",
    "binary_entropy_score": "entropies plain_entropy",
    "class_prototypes": "prototypes slow",
    "distance_entropy": "entropies plain_entropy",
    "energy": "energy test_row_by_row_from_the_formulas",
    "entropy": "uncertainty slow",
    "epistemic_energy": "energy test_row_by_row_from_the_formulas",
    "finch": "finch plain_finch",
    "finch_clusters": "finch plain_clusters",
    "fit_meta_query": "meta_query test_training_is_plain_gradient_descent_on_the_loss",
    "flip_sizes": "feature_mix searched",
    "gradient_kmeans_pp": "gradient_kmeans law",
    "inconsistency": "inconsistency slow",
    "k_center_greedy": "k_center brute_force",
    "k_means": "k_means lloyd",
    "kmeans_pp": "gradient_kmeans law",
    "knn": "neighbors slow",
    "known_share": "known_share by_hand",
    "least_confidence": "uncertainty slow",
    "linear_head": "linear_head by_least_squares",
    "mahalanobis": "mahalanobis by_inverse",
    "margin": "uncertainty slow",
    "mean_std": "uncertainty slow",
    "mixture_posterior": "mixture test_the_plain_mixture_is_that_of_a_short_loop",
    "neighbor_votes": "neighbors test_votes_equal_a_count_of_labels",
    "openmax": "openmax by_steps",
    "pareto_front": "pareto front_by_hand",
    "pareto_layers": "pareto test_layers_are_fronts_of_what_is_left",
    "pareto_subset": "pareto searched_by_hand",
    "prob_cover": "prob_cover by_hand",
    "prototype_cosines": "prototype_cosines slow",
    "pure_radius": "prob_cover pure_share",
    "ranking_loss": "ranking_loss slow",
    "reverse_neighbor_counts": "reverse_neighbors by_sorting",
    "standardized": "meta_query test_standardized_one_score_after_another",
    "tune_scale": "yes_no accuracies",
    "typicality": "typicality by_hand",
    "unit_range": "scaling by_hand",
    "variation_ratio": "uncertainty slow",
    "yes_no_probabilities": "yes_no evidence",
}
QUERIES = {"NEAT": "neat", "LfOSA": "lfosa", "JSOSAL": "jsosal", "CLIPNAL": "clipnal"}


@cache
def parsed(path: Path) -> tuple[set[str], set[str]]:
    """The names that a file uses, and the functions that it defines."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    return used, {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def test_no_function_is_without_an_oracle() -> None:
    assert sorted(ORACLES) == sorted(functional.__all__)


@pytest.mark.parametrize("name", ORACLES)
def test_the_oracle_stands_where_the_table_says(name: str) -> None:
    file, oracle = ORACLES[name].split()
    used, defined = parsed(TESTS / "functional" / f"test_{file}.py")
    assert name in used
    assert oracle in defined


@pytest.mark.parametrize("name", QUERIES)
def test_a_whole_query_has_one_too(name: str) -> None:
    used, defined = parsed(TESTS / "oracles" / f"test_{QUERIES[name]}.py")
    assert name in used
    assert QUERIES[name] in defined


def test_the_oracles_of_queries_borrow_no_mathematics() -> None:
    for file in [*QUERIES.values(), "comparing"]:
        path = next((TESTS / "oracles").glob(f"*{file}.py"))
        text = path.read_text()
        assert "openal.functional" not in text
        assert "openal.purity" not in text
