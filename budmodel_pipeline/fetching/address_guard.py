"""Connections that lead to public addresses only.

A host name says nothing about where a connection ends: a publisher's name may be made to resolve to an address of the
inner network, and to another one between a check and its use (DNS rebinding). So a name is resolved once, its addresses are
checked before a socket is opened, and the connection goes to one that was checked: nobody learns from an error which ports
of the inner network are open. A proxy is the user's own choice and may be anywhere; what lies behind it, it must guard
itself.
"""

import logging
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from budmodel_pipeline.fetching.deadline import Deadline

# It would write whole URLs into a log that somebody has set to be verbose, and there are secrets in them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
_NAT64 = ip_network("64:ff9b::/96")
# All of IPv6 that was ever given to anybody (RFC 4291). What else has a meaning has a local one, also where Python calls it
# global: IPv4 addresses written as IPv6 ones in two more ways, local NAT64, site-local addresses, segments of a router.
_GIVEN = ip_network("2000::/3")
# Public by their numbers alone: every machine of a cloud has its own behind them, which hands out secrets (Azure, Oracle).
_OF_CLOUDS = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))


class PrivateAddressError(Exception):
    """The host `host` led to an address that is not public. Not an OSError: urllib3 passes it on as it is."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} is at {address}, which is no public address")
        self.host = host
        self.address = address


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, IPv4 addresses inside IPv6 ones included."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        translated = IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
        found = found.ipv4_mapped or found.sixtofour or translated or found
    if isinstance(found, IPv6Address) and found not in _GIVEN:
        return False
    return found.is_global and not found.is_multicast and not any(found in network for network in _OF_CLOUDS)


def host_and_port(host: str, port: int) -> str:
    """A host as `trusted_hosts` names it: `localhost:8080`, `[::1]:8080`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class GuardedAdapter(HTTPAdapter):
    """Opens connections to public addresses and to `trusted_hosts` (`host:port`), and puts them under `deadline`.

    Sending raises PrivateAddressError, besides what HTTPAdapter raises.
    """

    def __init__(self, trusted_hosts: frozenset[str], deadline: Deadline) -> None:
        def opened(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
            trusted = connection.proxy is not None or host_and_port(connection.host, connection.port) in trusted_hosts
            sock = connect() if trusted else _connect_to_one(connection, _public_addresses(connection), connect)
            deadline.watch(sock)
            return sock

        class Connection(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return opened(self, super()._new_conn)

        class TlsConnection(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return opened(self, super()._new_conn)

        class Pool(HTTPConnectionPool):
            ConnectionCls = Connection

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = TlsConnection

        self._pools: dict[str, type[HTTPConnectionPool]] = {"http": Pool, "https": TlsPool}
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **proxy_kwargs)
        # A SOCKS proxy comes with connection classes of its own.
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


def _public_addresses(connection: HTTPConnection) -> Sequence[str]:
    """Where the host of a connection is, in the order of preference. Raises PrivateAddressError where one is not public."""
    host, port = connection.host, connection.port
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
    except UnicodeError:
        raise LocationParseError(f"'{host}', label empty or too long") from None
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    addresses = [str(address[0]) for *_, address in found]
    for address in addresses:
        if not is_public(address):
            raise PrivateAddressError(host_and_port(host, port), address)
    return addresses


def _connect_to_one(
    connection: HTTPConnection, addresses: Sequence[str], connect: Callable[[], socket.socket]
) -> socket.socket:
    """A socket to the first address that answers. The connection goes on under its name: certificates are checked by it."""
    name = connection.host
    try:
        for address in addresses[:-1]:
            connection.host = address
            try:
                return connect()
            except (ConnectTimeoutError, NewConnectionError):
                continue
        connection.host = addresses[-1]
        return connect()
    finally:
        connection.host = name
