"""Feedback as mail: a message for each student with the page attached, and one mbox of all. Nothing is sent."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from practicum.errors import PracticumError
from practicum.gradebook.export.sheet import one_line
from practicum.reports.feedback.item import ItemFeedback
from practicum.reports.feedback.pack import Feedback, Pack, labelled
from practicum.reports.feedback.page import item_page
from practicum.reports.feedback.words import item_text

MBOX = "feedback.mbox"
POLICY = SMTP.clone(cte_type="7bit")  # for servers that take no other
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def mail_pack(feedback: Feedback, sender: str, now: datetime, code: str = "") -> Pack:
    """Make the messages.

    Args:
        feedback: who is told what.
        sender: from whom they come, `Jo Doe <jo@example.org>` or the address alone.
        now: when, with a time zone.
        code: the course's, for the subject.

    Raises:
        PracticumError: the sender is no address.
    """
    name, address = parseaddr(sender)
    if not _ADDRESS.fullmatch(address):
        raise PracticumError(f"expected --sender as `Jo Doe <jo@example.org>` or the address alone, got {sender!r}")
    pack = Pack()
    box = b""
    for own, each in feedback.items():
        to = each.student.email
        if not _ADDRESS.fullmatch(to):
            why = f"no address that mail can go to, got {to!r}" if to else "no e-mail address on the roster"
            pack.left_out.append(f"{labelled(each.student)}: {why}")
            continue
        message = _message(each.told, _who(name, address), _who(each.student.name, to), now, code)
        message["Message-ID"] = f"<{each.told.item}.{now:%Y%m%d%H%M%S}.{_plain(own)}@{address.rpartition('@')[2]}>"
        data = message.as_bytes(policy=POLICY)
        pack.files[f"{own}.eml"] = data
        box += _boxed(data, address, now)
    if box:
        pack.files[MBOX] = box
    return pack


def _who(name: str, address: str) -> Address:
    return Address(one_line(name), addr_spec=address)


def _message(told: ItemFeedback, sender: Address, to: Address, now: datetime, code: str) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = one_line(f"{f'[{code}] ' if code else ''}{told.title}: feedback")
    message["Date"] = format_datetime(now)
    message.set_content(item_text(told))
    message.add_attachment(item_page(told), subtype="html", filename=f"{told.item}.html")
    return message


def _boxed(data: bytes, address: str, now: datetime) -> bytes:
    """Return a message as it stands in an mbox: after a line `From `, with such lines of its own marked."""
    lines = data.replace(b"\r\n", b"\n").rstrip(b"\n")
    quoted = re.sub(rb"^(>*From )", rb">\1", lines, flags=re.MULTILINE)
    return f"From {address} {now:%a %b %d %H:%M:%S %Y}\n".encode() + quoted + b"\n\n"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", text)
