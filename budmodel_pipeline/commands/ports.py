"""Where commands that serve may listen."""

import socket


def is_free(host: str, port: int) -> bool:
    """Whether a server may listen there. Of a host that nobody knows the server itself says so."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return True
    with socket.socket(family) as probe:
        # As servers do: what a server that ended has left of its connections does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
        return True
