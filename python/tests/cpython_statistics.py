"""CPython's own tests of `statistics`, with the functions of `rstats.statistics` in it: run by test_drop_in.py."""

import statistics
import sys
import unittest

from rstats import statistics as ours

replaced = [name for name in statistics.__all__ if getattr(ours, name) is not getattr(statistics, name)]
for name in replaced:
    setattr(statistics, name, getattr(ours, name))

from test import test_statistics  # noqa: E402 the module under test is changed before

if __name__ == "__main__":
    print(len(replaced), "functions of rstats")
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_statistics)
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    sys.exit(not result.wasSuccessful())
