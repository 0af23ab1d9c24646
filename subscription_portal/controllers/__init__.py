from . import legal, portal, portal_request
