"""`python -m openal` is `openal`."""

import sys

from openal.cli import main

sys.exit(main())
