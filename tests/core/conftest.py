"""The stories of tests/scenarios are played here too: their reader must be importable."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [path for path in (str(HERE), str(HERE.parent / "scenarios")) if path not in sys.path]
