"""The line to the mail server: encrypted and checked, or nothing is said on it (N2)."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.notify import given
from tests.notify.posting import only
from tests.notify.test_sender import ends

USER = {"smtp_user": "notify", "smtp_password": "right", "notice_retries": (3_600,)}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def context(certificate) -> ssl.SSLContext:
    """The server's side."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def test_N2_over_starttls_with_a_password(react, office, context, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    office.post.close()
    office.post.open(
        tls_context=context, require_starttls=True, authenticator=only(b"notify", b"right"), auth_required=True
    )
    react.hear(given.registered())
    office.set(smtp_tls="starttls", **USER)
    office.send()
    assert ends(react) == [("sent", None)]
    assert len(office.post.mails) == 1


def test_N2_over_tls_from_the_first_byte(react, office, context, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    office.post.close()
    office.post.open(ssl_context=context)
    react.hear(given.registered())
    office.set(smtp_tls="tls", notice_retries=(3_600,))
    office.send()
    assert ends(react) == [("sent", None)]


def test_N2_a_server_that_nobody_vouches_for_hears_nothing(react, office, context):
    office.post.close()
    office.post.open(tls_context=context, authenticator=only(b"notify", b"right"))
    react.hear(given.registered())
    office.set(smtp_tls="starttls", **USER)
    office.send()
    assert ends(react) == [("failed", "server-away")]
    assert office.post.mails == []


def test_N2_a_server_without_starttls_hears_nothing(react, office):
    react.hear(given.registered())
    office.set(smtp_tls="starttls", **USER)
    office.send()
    assert ends(react) == [("failed", "server-away")]
    assert office.post.mails == []
