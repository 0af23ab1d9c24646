from . import test_legal, test_legal_pages, test_letters, test_portal_access, test_portal_matrix, test_portal_pages, test_wish
