from . import address, legal, payment, portal, portal_request, sale_portal
