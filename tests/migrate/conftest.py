"""Reading code needs Python 3.9; on older ones there is nothing to test here."""

from __future__ import annotations

import sys

collect_ignore_glob = ["*"] if sys.version_info < (3, 9) else []
