"""One mail to one person by SMTP (N2). Whatever goes wrong is named by its kind: replies may repeat the address."""

import contextlib
import logging
import smtplib
import ssl
import time
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

from lianxin_schemas.events.notices import Problem

from services.notify.settings import Settings, Tls

logger = logging.getLogger(__name__)


def compose(settings: Settings, notice: UUID, to: str, subject: str, body: str, now: datetime) -> EmailMessage | None:
    """The mail of a notice; its Message-ID follows from the notice, however often it is sent (N3).

    None where `to` is no address that mail could go to.
    """
    try:
        recipient = Address(addr_spec=to)
        to.encode("ascii")
    except (ValueError, IndexError, MessageError):
        return None
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{notice}@{_domain(settings)}>"
    message["Date"] = now
    message["From"] = Address("连心 Lianxin", addr_spec=settings.smtp_from)
    message["To"] = recipient
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "zh-CN, en"
    message.set_content(body)
    return message


def deliver(settings: Settings, message: EmailMessage, until: float) -> Problem | None:
    """Hands a mail to the server, or says why it could not. Blocks.

    It is handed over before `until` (steady clock) or not at all, so that it never leaves under a lease that is over.
    A 4xx or a server that is away may mend itself; a 5xx about this recipient or this mail will not. A 5xx about
    ourselves, such as a wrong password, is no fault of the recipient's and is tried again.
    """
    try:
        server = _open(settings)
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("the mail server is away: %s %s", type(error).__name__, getattr(error, "smtp_code", ""))
        return Problem.SERVER_AWAY
    try:
        return _hand_over(server, settings, message, until)
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code, "the mail")
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("the mail server went away: %s", type(error).__name__)
        return Problem.SERVER_AWAY
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()  # whether it says good-bye changes nothing
        server.close()


def _open(settings: Settings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    host, port, limit = settings.smtp_host, settings.smtp_port, settings.smtp_timeout
    server: smtplib.SMTP
    if settings.smtp_tls is Tls.TLS:
        server = smtplib.SMTP_SSL(host, port, _domain(settings), timeout=limit, context=context)
    else:
        server = smtplib.SMTP(host, port, _domain(settings), timeout=limit)
    try:
        if settings.smtp_tls is Tls.STARTTLS:
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.password())
    except BaseException:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, settings: Settings, message: EmailMessage, until: float) -> Problem | None:
    code, _ = server.mail(settings.smtp_from)
    if code != 250:
        logger.warning("the mail server does not take mail from us: %s", code)
        return Problem.REFUSED_FOR_NOW
    code, _ = server.rcpt(message["To"].addresses[0].addr_spec)
    if code not in (250, 251):
        return _refused(code, "the recipient")
    if time.monotonic() > until:
        logger.warning("the mail server was too slow")
        return Problem.SERVER_AWAY
    code, _ = server.data(message.as_bytes())
    return None if code == 250 else _refused(code, "the mail")


def _refused(code: int, what: str) -> Problem:
    logger.warning("the mail server does not take %s: %s", what, code)
    return Problem.REFUSED if 500 <= code < 600 else Problem.REFUSED_FOR_NOW


def _domain(settings: Settings) -> str:
    return settings.smtp_from.rpartition("@")[2]
