"""MP3 files whose first frame, LAME's, is the same for all sounds of one length.

That frame holds no sound: it says how many frames follow and how much of them is padding, and ends with two
checksums, the first over the sound. Players read neither. The mode bits of its header are those of the sound
that comes next. Layout: LAME's 'Mp3 info Tag revision 1 Specifications', 2005; frame header: ISO/IEC 11172-3,
section 2.4.1.3.
"""

from functools import cache

_MODE_EXTENSION, _NAME, _SOUND, _ITS_OWN = 3, 36, 188, 190     # offsets in a stereo MPEG-1 frame


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def checksum(data: bytes) -> int:
    """CRC-16 as LAME writes it: polynomial 0x8005, reflected, from 0."""
    value, table = 0, _table()
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value


def without_traces(data: bytes) -> bytes:
    """The same MP3 with a first frame that says nothing of the sound. Raises ValueError without such a frame.
    """
    if data[_NAME:_NAME + 4] not in (b"Info", b"Xing") or len(data) < _ITS_OWN + 2:
        raise ValueError(f"An MP3 of LAME's names its first frame at byte {_NAME}; there is none.")
    out = bytearray(data)
    out[_MODE_EXTENSION] &= 0b11001111
    out[_SOUND:_ITS_OWN] = bytes(2)
    out[_ITS_OWN:_ITS_OWN + 2] = checksum(out[:_ITS_OWN]).to_bytes(2, "big")
    return bytes(out)
