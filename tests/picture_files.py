"""Files of pictures that the tests make: with alpha, orientation, several pages, headers that lie."""
import struct
import zlib

import cv2
import numpy as np

SIZE = (100, 32)


def encode(ending, image):
    return cv2.imencode(ending, image)[1].tobytes()


def chunk(name, data):
    """Return a chunk of a PNG file."""
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png_that_claims(width, height):
    """Return a small PNG file whose header claims a large image."""
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT',
                                                                 zlib.compress(
                                                                     bytes(10 ** 6))) + chunk(b'IEND', b'')


GREY = np.tile(np.linspace(50, 200, 100, dtype=np.uint8), (32, 1))   # from dark to light


def bmp_of_32_bits(image, bottom_first=True):
    """Return a BMP file of uint8 [height, width, 4] whose header does not tell of its alpha."""
    height, width = image.shape[:2]
    header = struct.pack('<IiiHHIIiiII', 40, width, height if bottom_first else -height, 1, 32, 0, image.size,
                         0, 0, 0, 0)
    rows = image[::-1] if bottom_first else image
    return b'BM' + struct.pack('<IHHI', 54 + image.size, 0, 0, 54) + header + rows.tobytes()


def exif_of(orientation):
    return b'MM\0*' + struct.pack('>IHHHIHHI', 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def with_exif(ending, image, exif):
    metadata = [np.frombuffer(exif, np.uint8)]
    return cv2.imencodeWithMetadata(ending, image, [cv2.IMAGE_METADATA_EXIF], metadata,
                                    [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()


STORED_AS = {   # orientation → how a picture lies in the file that says so
    1: lambda image: image, 2: lambda image: image[:, ::-1], 3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1], 5: lambda image: image.swapaxes(0, 1), 6: lambda image: np.rot90(image),
    7: lambda image: np.rot90(image.swapaxes(0, 1), 2), 8: lambda image: np.rot90(image, -1)}


def avif_with(image, *properties):
    """Return an AVIF of a picture with more properties, such as irot."""
    content = bytearray(cv2.imencode('.avif', image, [cv2.IMWRITE_AVIF_QUALITY, 100])[1].tobytes())
    added = b''.join(struct.pack('>I', 9) + name + bytes([value]) for name, value in properties)
    start = content.index(b'mdat') + 4
    place = content.index(struct.pack('>I', start), content.index(b'iloc'))
    content[place:place + 4] = struct.pack('>I', start + len(added))
    for name in (b'meta', b'iprp', b'ipco'):
        size_at = content.index(name) - 4
        content[size_at:size_at + 4] = struct.pack('>I', int.from_bytes(content[size_at:size_at + 4], 'big')
                                                   + len(added))
    after_header = content.index(b'ipco') + 4
    content[after_header:after_header] = added
    # version and flags, items, the item's number, how many
    associations = content.index(b'ipma') + 4 + 4 + 4 + 2 + 1
    for position in range(associations, associations + content[associations - 1]):
        content[position] += len(properties)   # the others have moved
    return bytes(content)


def pages(ending, count):
    """Return the bytes of a file of several pictures."""
    images = [np.roll(np.dstack(3 * [GREY]), 7 * number, 1) for number in range(count)]
    if ending == '.tiff':
        return cv2.imencodemulti(ending, images)[1].tobytes()
    animation = cv2.Animation()
    animation.frames, animation.durations = images, count * [100]
    return cv2.imencodeanimation(ending, animation)[1].tobytes()


def tiff_of(samples, photometric, *, order='<', predictor=1, **tags):
    """Return a TIFF file of the samples of a picture, [height, width, channels], its other tags by number."""
    height, width, channels = samples.shape
    stored = samples.copy()
    if predictor == 2:   # differences between neighbours
        stored[:, 1:] -= samples[:, :-1]
    data = zlib.compress(stored.astype(samples.dtype.newbyteorder(order)).tobytes())
    entries = {256: width, 257: height, 258: [8 * samples.itemsize] * channels, 259: 8, 262: photometric,
               273: None, 277: channels, 278: height, 279: len(data), 317: predictor,
               **{int(tag.removeprefix('tag_')): value for tag, value in tags.items()}}
    behind = 8 + 2 + 12 * len(entries) + 4
    lists, directory = b'', b''
    for tag, value in sorted(entries.items()):
        values = value if isinstance(value, list) else [value]
        packed = b''.join(struct.pack(order + 'H', each) for each in values) if tag not in (273, 279) else b''
        if len(packed) > 4:
            packed, lists = struct.pack(order + 'I', behind + len(lists)), lists + packed
        elif tag == 279:
            packed = struct.pack(order + 'I', len(data))
        directory += struct.pack(order + 'HHI', tag, 4 if tag in (273, 279) else 3, len(values))
        directory += b'HERE' if tag == 273 else packed.ljust(4, b'\0')
    directory = directory.replace(b'HERE', struct.pack(order + 'I', behind + len(lists)))
    start = {'<': b'II*\0', '>': b'MM\0*'}[order] + struct.pack(order + 'IH', 8, len(entries))
    return start + directory + bytes(4) + lists + data
