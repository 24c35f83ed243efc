"""What comes from outside reaches no protocol before it is one clean line, one address, one host."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.notices.channels.clean import host, instant, mail_address, one_line, phone, plain, web_address
from tests.notices.channels.messages import HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=80) | st.sampled_from(HOSTILE)


@given(ANY_TEXT)
def test_a_plain_text_has_no_control_but_the_line_feed(text):
    made = plain(text)
    assert not [one for one in made if one != "\n" and unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    assert plain(made) == made
    made.encode("utf-8")


@given(ANY_TEXT, st.integers(1, 60))
def test_a_line_is_one_line_and_no_longer_than_asked(text, longest):
    made = one_line(text, longest)
    assert len(made) <= longest and len(made.splitlines()) <= 1 and made == made.strip()


@given(st.text("长明电 abc1", max_size=40))
def test_what_is_clean_already_stays_as_it_is(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("13800138000", "13800138000"),
        ("+86 (10) 9559-8000", "+861095598000"),
        ("95598", "95598"),
        ("12", None),
        ("+", None),
        ("１３８００１３８０００", None),
        ("13800138000;95598", None),
        ("138001380001380013800", None),
        ("13800138000\r\n95598", None),
    ],
)
def test_telephone_numbers(typed, read):
    assert phone(typed) == read


@pytest.mark.parametrize("good", ["a@b.cn", "x.y+z@mail.example.com", "o'neil@example.org"])
def test_addresses_that_are_one(good):
    assert mail_address(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a",
        "@b.cn",
        "a@",
        "a@b@c",
        "a b@c.cn",
        "a@b.cn, d@e.cn",
        "A <a@b.cn>",
        "a@b.cn\r\nRCPT TO:<x@y.z>",
        '"a b"@c.cn',
        "a..b@c.cn",
        "a@-b.cn",
        "中@b.cn",
        "a@" + "b" * 64 + ".cn",
        "a" * 250 + "@b.cn",
        "a@b.cn>",
    ],
)
def test_addresses_that_are_none(bad):
    assert mail_address(bad) is None


HOSTS = frozenset({"hooks.example.com", "127.0.0.1:8080"})


@pytest.mark.parametrize(
    "good", ["https://hooks.example.com/a?b=c", "http://127.0.0.1:8080/x", "https://HOOKS.example.com/"]
)
def test_hosts_that_may_be_posted_to(good):
    assert web_address(good, HOSTS) is not None


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1/",
        "http://127.0.0.1:22/",
        "https://hooks.example.com@evil.example/",
        "https://user:pw@hooks.example.com/",
        "https://hooks.example.com.evil.example/",
        "https://evil.example/#hooks.example.com",
        "https://hooks.example.com/#x",
        "https://hooks.example.com:99999999/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX: y",
        "https://[::1",
        "https://hooks.example.com/" + "a" * 2000,
    ],
)
def test_hosts_that_may_not(bad):
    assert web_address(bad, HOSTS) is None


def test_a_host_is_letters_digits_and_hyphens():
    assert host("mail.example.com") and host("localhost") and host("127.0.0.1")
    assert not host("mail_1.example.com") and not host("a b") and not host("") and not host("x." * 200)


def test_an_instant_names_its_offset():
    assert instant("2026-06-01T08:00+08:00").hour == 0
    with pytest.raises(ValueError, match="offset"):
        instant("2026-06-01T08:00")
