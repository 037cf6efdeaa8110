"""The CRC-32C of bytes in the form in which TensorFlow stores it, in records and in checkpoints."""
import google_crc32c


def masked_crc(content: bytes) -> int:
    """Return the masked CRC-32C: turned by 15 bits, with a constant added."""
    crc = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
