from . import test_charge, test_dunning, test_sale_card
