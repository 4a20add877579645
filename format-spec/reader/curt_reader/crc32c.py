"""CRC-32C (Castagnoli) by table; the reflected polynomial is 0x82F63B78."""


def _entry(index):
    for _ in range(8):
        index = (index >> 1) ^ (0x82F63B78 if index & 1 else 0)
    return index


_TABLE = tuple(_entry(i) for i in range(256))


def crc32c(data):
    """The checksum of `data` (bytes): crc32c(b"123456789") = 0xE3069283."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF
