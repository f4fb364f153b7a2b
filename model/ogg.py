"""Ogg streams with a fixed serial number, so that the same sound gives the same bytes.

Encoders draw the number at random; nothing but telling several streams in one file apart depends on it.
Source: RFC 3533, section 6.
"""

import struct
from functools import cache

_SERIAL, _CHECKSUM, _SEGMENTS, _HEADER = 14, 22, 26, 27      # offsets in a page; length of its fixed part


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(value)
    return tuple(table)


def checksum(page: bytes) -> int:
    """CRC-32 of a page whose checksum field is zero: polynomial 0x04C11DB7, not reflected, from 0."""
    value, table = 0, _table()
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
    return value


def with_serial(data: bytes, serial: int = 1) -> bytes:
    """The same single Ogg stream under another serial number. Raises ValueError if data are no Ogg pages."""
    out, at = bytearray(data), 0
    while at < len(data):
        if data[at:at + 4] != b"OggS" or at + _HEADER > len(data):
            raise ValueError(f"An Ogg page was expected at byte {at}; there is none.")
        lacing = data[at + _HEADER:at + _HEADER + data[at + _SEGMENTS]]
        end = at + _HEADER + len(lacing) + sum(lacing)
        struct.pack_into("<I", out, at + _SERIAL, serial)
        struct.pack_into("<I", out, at + _CHECKSUM, 0)
        struct.pack_into("<I", out, at + _CHECKSUM, checksum(out[at:end]))
        at = end
    return bytes(out)
