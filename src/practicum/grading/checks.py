"""Where `practicum.checks` was until version 0.1. Labs that import it go on working, with a note."""

import warnings

from practicum.checks import *  # noqa: F403  every public name, as it was
from practicum.checks import __all__ as __all__

warnings.warn("practicum.grading.checks is now practicum.checks: change the import", DeprecationWarning, stacklevel=2)
