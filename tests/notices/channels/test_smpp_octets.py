"""Pieces and octets of short messages: properties, and a library nobody here wrote as the judge."""

import asyncio
import struct

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from everlit.notices.channel import Sent
from everlit.notices.channels.smpp.parts import BASIC, EXTENSION, parts
from everlit.notices.channels.smpp.pdu import (
    Command,
    Delivery,
    Fields,
    Garbled,
    Number,
    Pdu,
    Tag,
    c_string,
    delivery,
    queried_state,
    read_pdu,
    submit,
    written,
)
from everlit.notices.channels.smpp.receipts import Receipt, Receipts, read
from everlit.notices.content.sms import parts as counted
from tests.notices.channels.messages import NOW

GSM = st.text(st.sampled_from(BASIC.replace("\x1b", "") + "".join(EXTENSION)), max_size=700)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


def back(octets: bytes, coding: int) -> str:
    """Decoded apart from the encoder, after the tables of TS 23.038."""
    if coding == 8:
        return octets.decode("utf-16-be")
    extended = {code: character for character, code in EXTENSION.items()}
    text, at = "", 0
    while at < len(octets):
        if octets[at] == 0x1B:
            text, at = text + extended[octets[at + 1]], at + 2
        else:
            text, at = text + BASIC[octets[at]], at + 1
    return text


@given(GSM | ANY)
def test_the_pieces_are_the_text_and_none_is_too_long(text):
    pieces = parts(text, reference=0x1234)
    assert "".join(back(piece.text, piece.coding) for piece in pieces) == text
    for number, piece in enumerate(pieces, start=1):
        assert len(piece.header + piece.text) <= (140 if piece.coding == 8 else 160)
        assert piece.header == (b"" if len(pieces) == 1 else bytes([5, 0, 3, 0x34, len(pieces), number]))
        back(piece.text, piece.coding)  # no character is torn


@given(GSM)
def test_a_text_of_the_small_alphabet_uses_it(text):
    assert {piece.coding for piece in parts(text, reference=1)} == {0}


@pytest.mark.parametrize(
    ("text", "count", "coding"),
    [
        ("", 1, 0),
        ("电" * 70, 1, 8),
        ("电" * 71, 2, 8),
        ("a" * 160, 1, 0),
        ("a" * 161, 2, 0),
        ("€" * 80, 1, 0),
        ("€" * 81, 2, 0),
        ("𠮷" * 35, 1, 8),
        ("𠮷" * 36, 2, 8),
        ("a" * 152 + "€" + "a" * 20, 2, 0),
    ],
)
def test_counts_that_are_known(text, count, coding):
    assert [piece.coding for piece in parts(text, reference=1)] == [coding] * count


def test_more_than_255_pieces_are_none():
    assert len(parts("电" * 67 * 255, reference=1)) == 255
    with pytest.raises(ValueError, match="256"):
        parts("电" * (67 * 255 + 1), reference=1)


@given(
    ANY, st.sampled_from(["+8613800138000", "13800138000", "95598"]), st.sampled_from(["95598", "Everlit", "+8610", ""])
)
def test_a_library_reads_what_is_written(text, target, source):
    piece = parts(text, reference=7)[0]
    body = submit(
        Number.read(source), Number.read(target), piece.text,
        header=piece.header, coding=piece.coding, until=NOW, reference=0xBEEF,
    )  # fmt: skip
    found = smpp34.decode(Pdu(Command.SUBMIT_SM, 77, body=body).encoded())
    assert isinstance(found, smpp34.SubmitSm) and found.sequence_number == 77
    assert found.destination_addr == target.lstrip("+") and found.source_addr == source.lstrip("+")
    assert found.dest_addr_ton == (1 if target[0] == "+" else 0) and found.dest_addr_npi == 1
    assert found.short_message == piece.header + piece.text and found.data_coding == piece.coding
    assert found.esm_class == (0x40 if piece.header else 0) and found.registered_delivery == 1
    assert found.validity_period == "260601020000000+"
    assert [(tlv.tag, tlv.value) for tlv in found.tlvs] == [(0x0204, b"\xbe\xef")]


@given(st.binary(max_size=254), st.integers(0, 255), st.text("0123456789", max_size=20), st.binary(max_size=6))
def test_what_a_library_writes_is_read(text, esm_class, source, value):
    made = smpp34.DeliverSm(
        source_addr=source,
        destination_addr="95598",
        short_message=text,
        esm_class=esm_class,
        tlvs=[smpp34.Tlv(0x1401, value)],
    )
    assert delivery(made.encode()[16:]) == Delivery(source, esm_class, text, {0x1401: value})


@given(st.binary(max_size=60))
def test_octets_that_are_nothing_are_garbled_and_nothing_worse(body):
    for reading in (delivery, queried_state, lambda octets: Fields(octets).extras()):
        try:
            reading(body)
        except Garbled:
            pass


@pytest.mark.parametrize("length", [0, 15, 65_537, 0xFFFF_FFFF])
def test_a_length_that_is_none_is_garbled(length):
    async def run():
        reader = asyncio.StreamReader()
        reader.feed_data(struct.pack(">IIII", length, 4, 0, 1))
        reader.feed_eof()
        await read_pdu(reader)

    with pytest.raises(Garbled):
        asyncio.run(run())


@pytest.mark.parametrize("text", ["a\0b", "中", "a" * 9])
def test_a_string_that_does_not_fit_its_field_is_refused(text):
    with pytest.raises(ValueError, match="SMPP"):
        c_string(text, 9)


@given(st.binary(max_size=80))
def test_an_id_from_outside_is_printable(octets):
    made = written(octets)
    assert made.isascii() and made.isprintable() | (made == "") and "," not in made and " " not in made


def receipt(text: bytes = b"", **extras: bytes) -> Receipt | None:
    return read(Delivery("8613800138000", 4, text, {Tag[name]: value for name, value in extras.items()}))


def test_receipts_in_their_forms():
    assert receipt(b"id:a1 sub:001 stat:UNDELIV err:001").sent is Sent.REFUSED
    assert receipt(b"ID:a1 stat:delivrd").message_id == ""  # the form of the specification is lower case
    told = receipt(MESSAGE_PAYLOAD=b"id:a1 stat:DELIVRD", USER_MESSAGE_REFERENCE=b"\x01\x02")
    assert told == Receipt("a1", Sent.DELIVERED, 0x0102, "8613800138000")
    assert receipt(RECEIPTED_MESSAGE_ID=b"b2\0", MESSAGE_STATE=b"\x03") == Receipt(
        "b2", Sent.REFUSED, None, "8613800138000"
    )
    assert receipt(b"id:a1 stat:SOMETHING").sent is None and receipt().sent is None
    assert read(Delivery("1", 0, b"id:a1 stat:DELIVRD")) is None


@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(list(Tag)), st.binary(max_size=5)))
def test_any_receipt_is_read_or_left(text, extras):
    found = read(Delivery("1", 4, text, extras))
    assert found is not None and found.sent in {None, Sent.ACCEPTED, Sent.DELIVERED, Sent.REFUSED}


def test_receipts_are_remembered_up_to_a_number_and_what_is_final_stays():
    kept = Receipts(most=3)
    for number in range(5):
        kept.keep(Receipt(f"m{number}", Sent.DELIVERED, number, "8613800138000"))
        kept.keep(Receipt(f"m{number}", Sent.ACCEPTED, number, "13800138000"))
    assert [kept.of(f"m{number}") for number in range(5)] == [None, None] + [Sent.DELIVERED] * 3
    assert kept.of_reference("+8613800138000", 4, pieces=1) is Sent.DELIVERED
    assert kept.of_reference("+8613800138000", 4, pieces=2) is None
    assert kept.of_reference("+8613800138001", 4, pieces=1) is None


@given(st.text(st.sampled_from("停电a€[𠮷é\n^"), max_size=400))
def test_as_many_pieces_are_sent_as_the_checker_of_texts_counts(text):
    assert len(parts(text, reference=1)) == max(counted(text), 1)
