"""Clips over HTTP: whole or in parts, with headers that are the same for every clip."""

from __future__ import annotations

import pytest

from model.blind.serving import parse_range
from tests.survey.page.small import Api, clip_urls


def test_a_clip_comes_whole_or_in_parts(api: Api) -> None:
    url = clip_urls(api.at("pair")[1])[0]
    whole = api.client.get(url)
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["cache-control"] == "no-store"
    assert whole.headers["accept-ranges"] == "bytes"
    assert not {"etag", "last-modified", "set-cookie"} & set(whole.headers)
    size = len(whole.content)
    for header, part in [("bytes=0-1", whole.content[:2]), ("bytes=100-", whole.content[100:]),
                         ("bytes=-7", whole.content[-7:]), (f"bytes=5-{size * 9}", whole.content[5:])]:
        answered = api.client.get(url, headers={"Range": header})
        assert (answered.status_code, answered.content) == (206, part)
        first = size - 7 if header == "bytes=-7" else int(header[6:].split("-")[0])
        assert answered.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
    assert api.client.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416


@pytest.mark.parametrize("header, part", [
    (None, None), ("", None), ("bytes=", None), ("bytes=-", None), ("bytes=3-1", None),
    ("bytes=0-1,4-5", None), ("items=0-1", None), ("bytes=a-b", None), ("bytes= 0 - 1", (0, 1)),
    ("bytes=0-", (0, 9)),
    ("bytes=9-9", (9, 9)), ("bytes=-100", (0, 9)),
])
def test_ranges(header: str | None, part: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == part
