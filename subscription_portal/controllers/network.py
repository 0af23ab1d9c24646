from ipaddress import ip_address, ip_network

from odoo.http import request

ONE_CUSTOMER = 64  # bits of an IPv6 address that a network provider gives to one customer


def client_network() -> str:
    """Where the request comes from: an address, or the IPv6 network that one customer has to himself."""
    source = request.httprequest.remote_addr or ""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    return str(ip_network((address, ONE_CUSTOMER), strict=False)) if address.version == 6 else source
