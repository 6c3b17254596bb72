from statistics import *  # noqa: F403
from statistics import __all__ as __all__
