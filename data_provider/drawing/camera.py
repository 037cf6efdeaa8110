"""What happens to a picture of a word in the camera: light, blur, resolution, noise, compression."""
import cv2
import numpy as np

from data_provider import augmentation
from data_provider.drawing.text_style import Style


def photograph(image: np.ndarray, rng: np.random.Generator, style: Style) -> np.ndarray:
    """Return a picture as a camera would take it.

    Args:
        image: uint8 [height, width, 3], BGR.
        rng: numpy.random.Generator.
        style: text_style.Style.

    Returns:
        uint8 [height, width, 3], BGR, of another size.
    """
    image = _with_light(image, rng, style)
    image = _blurred(image, rng, style)
    image = _at_resolution(image, rng, style)
    exposure, gamma, grey = style.exposure.draw(rng), style.gamma.draw(rng), style.grey.draw(rng)
    if exposure is not None:
        image = cv2.convertScaleAbs(image, alpha=exposure)
    if gamma is not None:
        image = cv2.LUT(image, _gamma_curve(gamma if rng.random() < 0.5 else 1 / gamma))
    if grey is not None:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return _with_noise(image, rng, style)


def encode_jpeg(image: np.ndarray, rng: np.random.Generator, style: Style) -> bytes:
    """Return an image as the bytes of a JPEG file of random quality."""
    quality = int(style.jpeg_quality.draw(rng))
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _with_light(image, rng, style):
    """Return the image in light that changes from one side to the other, and with a spot of glare."""
    height, width, _ = image.shape
    gradient, glare = style.gradient.draw(rng), style.glare.draw(rng)
    if gradient is not None:
        corners = rng.uniform(-gradient / 2, gradient / 2, (2, 2)).astype(np.float32)
        image = cv2.add(image, cv2.merge([cv2.resize(corners, (width, height))] * 3), dtype=cv2.CV_8U)
    if glare is not None:
        spot = np.zeros((height, width), np.float32)
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.uniform(0.1, 0.6) * height) + 1, int(rng.uniform(0.1, 0.6) * height) + 1)
        cv2.ellipse(spot, centre, axes, rng.uniform(0, 180), 0, 360, glare, -1)
        spot = cv2.blur(spot, (height // 4 * 2 + 1, height // 4 * 2 + 1))
        image = cv2.add(image, cv2.merge([spot] * 3), dtype=cv2.CV_8U)
    return image


def _blurred(image, rng, style):
    """Return the image out of focus, or shaken."""
    height = image.shape[0]
    focus, motion = style.focus_blur.draw(rng), style.motion_blur.draw(rng)
    if focus is not None:
        image = cv2.GaussianBlur(image, (0, 0), max(0.3, focus * height))
    if motion is not None and motion * height >= 2:
        length = int(motion * height)
        direction = np.exp(1j * rng.uniform(0, np.pi)) * length / 2
        kernel = np.zeros((length + 2, length + 2), np.uint8)
        middle = complex((length + 1) / 2, (length + 1) / 2)
        ends = [(round(end.real), round(end.imag)) for end in (middle - direction, middle + direction)]
        cv2.line(kernel, *ends, 255)
        image = cv2.filter2D(image, -1, kernel.astype(np.float32) / kernel.sum())
    return image


def _at_resolution(image, rng, style):
    """Return the image at the height that the camera gives it; it is not enlarged by more than a half."""
    height, width, _ = image.shape
    new_height = min(style.height.draw(rng), 1.5 * height)
    size = max(2, round(width * new_height / height)), max(2, round(new_height))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if new_height < height else cv2.INTER_LINEAR)


def _with_noise(image, rng, style):
    sigma = style.noise.draw(rng)
    if sigma is None:
        return image
    noise = augmentation.normal_noise(rng, image.shape, np.float32(sigma))
    return cv2.add(image, noise, dtype=cv2.CV_8U)


def _gamma_curve(gamma):
    return (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
