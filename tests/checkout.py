"""Where the tests find what they read."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
# Facts, written out by `python -m tests.data`.
DATA = ROOT / "tests" / "data"
# Real leaderboard files, license texts and labelled data, kept beside the checkout and not part of it.
SHARED = ROOT.parent / "shared"
