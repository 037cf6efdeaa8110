"""Annotation files and image files to samples, records to batches.

OpenCV reads its limits once, when it is first imported, so they are set here, before any module of the
package imports it: an image of a word needs no more than 32 megapixels (a file that claims more is a
decompression bomb, up to 3 GB by OpenCV's own limit), and a file that cannot be decoded is reported by us, by
name, not by OpenCV's log.
"""
import os

os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(1 << 25))
os.environ.setdefault('OPENCV_LOG_LEVEL', 'OFF')
