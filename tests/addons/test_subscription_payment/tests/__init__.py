from . import test_charge, test_dunning
