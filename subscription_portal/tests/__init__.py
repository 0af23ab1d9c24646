from . import test_wish
