"""What of a URL may be shown, where redirects may lead, and which addresses are public."""

import pytest

from budmodel_pipeline.fetching.address_guard import is_public
from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.fetching.urls import keeps_credentials, redact, redirect_refusal, redirect_target, trusted_host


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example.org/full?justCanonicals=true", "https://api.example.org/full?justCanonicals=true"),
        ("https://example.org/models?author=meta&keyword=code", "https://example.org/models?author=meta&keyword=code"),
        ("https://me:s3cret@example.org:8443/a", "https://***@example.org:8443/a"),
        ("https://s3cret@example.org/a", "https://***@example.org/a"),
        ("https://me:s3@cret@example.org/a", "https://***@example.org/a"),
        ("https://example.org/a?token=s3cret&page=2", "https://example.org/a?token=***&page=2"),
        ("https://example.org/a?page=2;api_key=s3cret", "https://example.org/a?page=2;api_key=***"),
        ("https://example.org/a?API%5FKEY=s3cret", "https://example.org/a?API%5FKEY=***"),
        ("https://example.org/a?%74oken=s3cret", "https://example.org/a?%74oken=***"),
        (
            "https://example.org/a?X-Amz-Signature=s3cret&X-Amz-Date=1",
            "https://example.org/a?X-Amz-Signature=***&X-Amz-Date=1",
        ),
        ("https://b.example.net/c?sv=1&sig=s3cret", "https://b.example.net/c?sv=1&sig=***"),
        (
            "https://cas.hf.co/x?Expires=1&Policy=s3cret&Key-Pair-Id=s3cret",
            "https://cas.hf.co/x?Expires=1&Policy=***&Key-Pair-Id=***",
        ),
        ("https://example.org/a?password=s3c=ret", "https://example.org/a?password=***"),
        ("https://example.org/a#access_token=s3cret", "https://example.org/a"),
        ("https://[s3cret/", "(a URL that cannot be read)"),
    ],
)
def test_redaction(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_an_error_reads_as_a_sentence_without_secrets() -> None:
    error = FetchError(
        "https://u:p@example.org/a?key=k", "status 200", "404 Not Found", permanent=True, hint="check the URL"
    )
    assert str(error) == "https://***@example.org/a?key=***: expected status 200; found 404 Not Found; check the URL"
    assert error.url == "https://***@example.org/a?key=***"


@pytest.mark.parametrize(
    ("here", "location", "target"),
    [
        ("https://a.example/x/y?q=1", "z", "https://a.example/x/z"),
        ("https://a.example/x/y", "/z?q=2#part", "https://a.example/z?q=2"),
        ("https://a.example/x", "//b.example/z", "https://b.example/z"),
        ("https://a.example/x", "https://u:p@b.example/z", "https://b.example/z"),
        ("https://a.example/x", "https://a.example@b.example/z", "https://b.example/z"),
        # http.client hands over UTF-8 as Latin-1.
        ("https://a.example/x", "/caf\u00c3\u00a9", "https://a.example/caf%C3%A9"),
        # Here urllib.parse and urllib3 see different hosts; what counts is whom requests would ask.
        ("https://a.example/x", "https://evil.example\\.hf.co/z", "https://evil.example/%5C.hf.co/z"),
    ],
)
def test_redirect_target(here: str, location: str, target: str) -> None:
    assert redirect_target(here, location) == target


@pytest.mark.parametrize("location", ["https://[::1/", "http://a.example:port/", "http://*.example/"])
def test_a_location_that_is_no_url(location: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        redirect_target("https://a.example/", location)


@pytest.mark.parametrize(
    ("here", "target", "refused"),
    [
        ("https://a.example/", "https://a.example/other", None),
        ("https://a.example/", "https://A.EXAMPLE./other", None),
        ("http://a.example/", "https://a.example/", None),
        ("https://cdn.hf.co/", "https://a.example/back", None),
        ("https://a.example/", "https://known.example/x", None),
        ("https://a.example/", "https://cas-bridge.hf.co/x", None),
        ("https://a.example/", "https://x.y.hf.co/x", None),
        ("https://a.example/", "https://hf.co/x", "a host that is not known for this source"),
        ("https://a.example/", "https://evilhf.co/x", "a host that is not known for this source"),
        ("https://a.example/", "https://known.example.evil/x", "a host that is not known for this source"),
        ("https://a.example/", "https://sub.known.example/x", "a host that is not known for this source"),
        ("https://a.example/", "https://127.0.0.1/x", "a host that is not known for this source"),
        ("https://a.example/", "http://a.example/", "from https to unencrypted http"),
        ("https://a.example/", "http://cdn.hf.co/", "from https to unencrypted http"),
        ("https://a.example/", "file:///etc/passwd", "no http or https URL"),
        ("https://a.example/", "ftp://a.example/x", "no http or https URL"),
    ],
)
def test_where_redirects_may_lead(here: str, target: str, refused: str | None) -> None:
    assert redirect_refusal("https://a.example/", here, target, ["*.hf.co", "known.example"]) == refused


@pytest.mark.parametrize(
    ("here", "target", "keeps"),
    [
        ("https://a.example/x", "https://a.example/y", True),
        ("https://a.example/x", "https://a.example:443/y", True),
        ("http://a.example/x", "https://a.example/y", True),
        ("https://a.example/x", "http://a.example/y", False),
        ("https://a.example/x", "https://a.example:8443/y", False),
        ("http://a.example:8080/x", "https://a.example/y", False),
        ("https://a.example/x", "https://b.a.example/y", False),
        ("http://a.example/x", "https://b.example/y", False),
    ],
)
def test_where_credentials_go(here: str, target: str, keeps: bool) -> None:
    assert keeps_credentials(here, target) is keeps


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8080/mirror", "127.0.0.1:8080"),
        ("http://Mirror.Corp/x", "mirror.corp:80"),
        ("https://u:p@mirror.corp", "mirror.corp:443"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_trusted_host(url: str, host: str) -> None:
    assert trusted_host(url) == host


@pytest.mark.parametrize("url", ["mirror.corp:8080", "ftp://mirror.corp", "/srv/mirror", "http://", "http://mirror.corp:x/"])
def test_a_mirror_address_that_is_no_http_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"http|[Pp]ort"):
        trusted_host(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::"),
        # As IPv4 within IPv6 in the ways that are out of use, tunnels, a router's segments, and what clouds serve.
        *("::127.0.0.1", "::a9fe:a9fe", "::ffff:0:7f00:1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "5f00::1", "100::1"),
        *(
            "fd00:ec2::254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "240.0.0.1",
            "0.1.2.3",
        ),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)
