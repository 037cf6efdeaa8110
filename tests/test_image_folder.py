"""Tests of data_provider.image_folder."""
import os

import cv2
import numpy as np
import pytest

from data_provider.image_folder import ImageFolder
from data_provider.rejected_sample import RejectedSample
from tests.conftest import draw
from tests.picture_files import GREY, SIZE, encode, pages


def test_an_image_keeps_its_size_where_none_is_asked_for(tmp_path, rng):
    image = rng.integers(0, 256, [50, 300, 3], np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    with ImageFolder(tmp_path) as images:
        assert np.array_equal(images.load('a.png').image, image)
        assert images.load('a.png', SIZE).image.shape == (32, 100, 3)


def test_a_link_that_leads_out_of_the_folder_is_refused_unless_that_is_allowed(tmp_path):
    data_set, outside = tmp_path / 'data', tmp_path / 'outside'
    data_set.mkdir()
    outside.mkdir()
    for folder in (data_set, outside):
        (folder / 'a.png').write_bytes(encode('.png', draw('a')))
    (data_set / 'inside.png').symlink_to(data_set / 'a.png')
    (data_set / 'leads_out.png').symlink_to(outside / 'a.png')
    (data_set / 'folder').symlink_to(outside)
    with ImageFolder(data_set) as images, ImageFolder(data_set, follow_links=True) as all_images:
        assert images.load('inside.png', SIZE).image.shape == (32, 100, 3)
        for path in ('leads_out.png', 'folder/a.png'):
            with pytest.raises(RejectedSample, match='leads to .*--follow_links allows it') as caught:
                images.load(path, SIZE)
            assert caught.value.kind == 'path leaves the data set'
            assert all_images.load(path, SIZE).remarks == []


def test_what_is_no_file_or_no_path_is_refused(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'folder').mkdir()
    with ImageFolder(tmp_path) as images:
        for path in ('pipe', 'folder', 'a\0b.png', 'a\0b/c.png'):
            with pytest.raises(RejectedSample) as caught:
                images.load(path, SIZE)
            assert caught.value.kind == 'unreadable image'


@pytest.mark.parametrize('ending', ['.tiff', '.gif', '.webp', '.png'])
def test_further_pages_or_frames_are_remarked_on(tmp_path, ending):
    (tmp_path / 'one').write_bytes(encode(ending, np.dstack(3 * [GREY])))
    (tmp_path / 'three').write_bytes(pages(ending, 3))
    with ImageFolder(tmp_path) as images:
        assert images.load('one', SIZE).remarks == []
        image, remarks = images.load('three', SIZE)
    assert remarks == [('several pages or frames', '3 in three; the first is taken')]
    assert image.shape == (32, 100, 3)
