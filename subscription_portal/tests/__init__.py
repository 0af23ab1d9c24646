from . import (
    test_address,
    test_followup,
    test_legal,
    test_legal_pages,
    test_letters,
    test_payment_link,
    test_portal_access,
    test_portal_matrix,
    test_portal_pages,
    test_signature,
    test_wish,
)
