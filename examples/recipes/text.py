"""A pool of texts: sentences about space and cooking are wanted, the rest of the pool is not.

Embeddings are TF-IDF and an SVD, which need no download. Better ones:
`SentenceTransformer("all-MiniLM-L6-v2").encode(texts)` of the package sentence-transformers.
"""

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from openal import UNKNOWN, LabeledSet, Pool
from openal.strategies import KnownKMeans

WORDS = {
    "space": ["rocket orbit", "moon crater", "planet ring", "star telescope", "comet tail"],
    "cooking": ["soup garlic", "bread oven", "onion pan", "salad lemon", "cake butter"],
    "sport": ["goal match", "tennis racket", "marathon runner", "coach team", "swim race"],
    "law": ["court judge", "contract clause", "tax appeal", "witness trial", "patent claim"],
    "music": ["violin bow", "drum rhythm", "opera voice", "guitar chord", "piano key"],
}
FORMS = ["a {} and a {}", "the {} near the {}", "more {} than {}", "no {} without a {}"]
CLASSES = ["space", "cooking"]
texts, topics = zip(
    *((f"{form.format(one, other)} ({topic[0]})", topic)
      for topic, words in WORDS.items() for one in words for other in words for form in FORMS),
    strict=True,
)  # fmt: skip


def ask_people(indices: np.ndarray) -> list[int]:
    asked = [topics[index] for index in indices]
    return [CLASSES.index(topic) if topic in CLASSES else UNKNOWN for topic in asked]


def main() -> None:
    embed = make_pipeline(TfidfVectorizer(), TruncatedSVD(16, random_state=0))
    pool = Pool(texts, embeddings=embed.fit_transform(texts).astype(np.float32))
    labeled = LabeledSet(len(texts), classes=CLASSES)
    asked = np.random.default_rng(0).permutation(len(texts))[:20]
    for round in range(4):
        answers = ask_people(asked)
        labeled.add(asked, answers)
        print(f"round {round}: {np.mean(np.array(answers) != UNKNOWN):.0%} of my classes")
        asked = KnownKMeans().query(pool, labeled, budget=20, seed=round).indices


if __name__ == "__main__":
    main()
