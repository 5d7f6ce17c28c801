"""One example of each command, as its help shows it; a test takes each of them apart."""

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "openal cite": 'openal cite NEAT "KnownKMeans(detector=False)"',
    "openal completion": "openal completion bash > openal.bash && source openal.bash",
    "openal convert-clipn": "openal convert-clipn checkpoint.pt --out clipn.safetensors",
    "openal embed": "openal embed photos --encoder offline",
    "openal export": "openal export --format coco --out answers.json",
    "openal import": "openal import answers.csv --annotator ada",
    "openal init": 'openal init pets --images photos --classes cat dog "snowy owl"',
    "openal label": "openal label --budget 40",
    "openal ledger": "openal ledger check answers.db",
    "openal ledger check": "openal ledger check answers.db",
    "openal ledger export": "openal ledger export answers.db --out answers.csv",
    "openal predict": "openal predict --out predictions.csv",
    "openal query": "openal query --budget 40 --out questions.csv",
    "openal report": "openal report openal-simulation --out page.html",
    "openal simulate": 'openal simulate --seeds 2 --rounds 3 --strategies Random "NEAT(k=5)"',
    "openal status": "openal status",
    "openal strategies": "openal strategies --json",
    "openal train": "openal train",
}
"""By the name that a command has in its own messages."""
