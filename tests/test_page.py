"""Tests of the page in a headless Chromium: what comes in, what is shown, what goes out."""
import re
import signal

import cv2
import numpy as np
import pytest

from tests import chromium, stub_service
from tests.conftest import draw

pytestmark = pytest.mark.skipif(chromium.path() is None,
                                reason='no Chromium is installed (apt-get install chromium)')

SHIFT = 8
DROPPED = """(async () => {
  const canvas = document.createElement('canvas');
  canvas.width = 50;
  canvas.height = 20;
  canvas.getContext('2d').fillRect(10, 5, 20, 10);
  const blob = await new Promise(done => canvas.toBlob(done));
  const data = new DataTransfer();
  data.items.add(new File([blob], 'dropped.png', {type: 'image/png'}));
  document.dispatchEvent(%s);
})()"""
TEXTS = "[...document.querySelectorAll('.word .text')].map(node => node.textContent)"
BOXES = "document.querySelectorAll('.box[tabindex]').length"


@pytest.fixture(scope='module')
def service(tmp_path_factory):
    started = stub_service.start(tmp_path_factory.mktemp('service') / 'log')
    yield started
    started.end(signal.SIGKILL)


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    started = chromium.Browser(tmp_path_factory.mktemp('profile'))
    yield started
    started.close()


@pytest.fixture
def page(browser, service):
    """Return the browser with the page open; its console must stay empty."""
    browser.complaints.clear()
    browser.open(service.address)
    yield browser
    assert browser.complaints == []


def write_picture(path, size, ending='.png'):
    """Write a picture of a size, (width, height), and return its path."""
    file_path = path.with_suffix(ending)
    picture = draw('word', size)
    picture[::2] //= 2   # so that no part of it is of one flat colour, in which nothing is read
    cv2.imwrite(str(file_path), picture)
    return file_path


def texts_when(page, count):
    """Return the texts of the words when there are so many and all are read."""
    page.wait_for(f"{TEXTS}.length === {count} && !{TEXTS}.includes('reading …')")
    return page.run(TEXTS)


def test_chosen_pictures_are_read_and_shown(page, tmp_path):
    page.choose('#files', write_picture(tmp_path / 'first', (100, 32)),
                write_picture(tmp_path / 'second', (80, 30)))
    assert sorted(texts_when(page, 2)) == ['100x32', '80x30']
    assert page.run(
        "document.querySelector('.confidence').textContent") in ('1 % confidence', '2 % confidence')
    assert page.run("document.querySelector('.characters li').className") == 'doubtful'
    assert page.run("document.querySelector('.characters li').textContent").endswith('50 %')
    assert page.run("document.querySelector('.name').textContent").startswith('first')
    assert 'x3' in page.run("document.getElementById('status').textContent")


@pytest.mark.parametrize('event',
                         ["new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})",
                                   "new ClipboardEvent('paste', {clipboardData: data})"])
def test_dropped_and_pasted_pictures_are_read(page, event):
    page.run(DROPPED % event)
    assert texts_when(page, 1) == ['50x20']


def test_a_file_that_the_browser_cannot_show_is_read_by_the_service(page, tmp_path):
    page.choose('#files', write_picture(tmp_path / 'word', (90, 31), '.tiff'))
    assert texts_when(page, 1) == ['90x31']
    assert page.run("document.querySelectorAll('.word canvas').length") == 0


def test_what_is_no_picture_is_told_in_its_place(page, tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'no picture')
    page.choose('#files', tmp_path / 'bad.png')
    text, = texts_when(page, 1)
    assert text.startswith('not an image: expected')
    assert page.run("document.querySelector('.word').classList.contains('failed')")
    # Chromium logs the answer
    page.complaints[:] = [line for line in page.complaints if '415' not in str(line)]


def open_large(page, tmp_path):
    """Choose a large picture; returns its place in the window, (left, top, width, height)."""
    page.choose('#files', write_picture(tmp_path / 'street', (1200, 800)))
    page.wait_for("!document.getElementById('picture').hidden")
    return page.run("(() => { const r = document.getElementById('stage').getBoundingClientRect(); "
                    'return [r.left, r.top, r.width, r.height]; })()')


def test_boxes_are_drawn_moved_and_removed_in_a_larger_picture(page, tmp_path):
    left, top, width, height = open_large(page, tmp_path)
    assert page.run(TEXTS) == []
    page.drag((left + .25 * width, top + .25 * height), (left + .5 * width, top + .375 * height))
    first, = texts_when(page, 1)
    wide, high = map(int, first.split('x'))
    assert abs(wide - 300) <= 4
    assert abs(high - 100) <= 4
    page.drag((left + .4 * width, top + .3 * height), (left + .5 * width, top + .6 * height))
    assert page.run("parseFloat(document.querySelector('.box').style.left)") == pytest.approx(35, abs=0.5)
    page.drag((left + .1 * width, top + .1 * height), (left + .2 * width, top + .2 * height))
    assert len(texts_when(page, 2)) == 2
    page.run("document.querySelectorAll('.word button')[0].click()")
    assert len(texts_when(page, 1)) == 1
    assert page.run(BOXES) == 1


def test_boxes_are_made_with_the_keyboard_alone(page, tmp_path):
    open_large(page, tmp_path)
    assert page.run('document.activeElement.id') == 'add-box'
    page.run('document.activeElement.click()')
    assert texts_when(page, 1) == ['360x128']
    page.press('ArrowRight', 39, SHIFT)
    page.press('ArrowUp', 38)
    page.wait_for(f"{TEXTS}[0] === '372x128'")
    assert page.run("document.querySelector('.box').getAttribute('aria-label')") == 'Box 1: 372x128'
    page.press('Delete', 46)
    assert page.run(f'{BOXES} + document.querySelectorAll(".word").length') == 0
    assert page.run('document.activeElement.id') == 'add-box'


def test_a_large_picture_is_read_as_one_word_where_it_is_one(page, tmp_path):
    open_large(page, tmp_path)
    page.run("document.getElementById('whole').click()")
    assert texts_when(page, 1) == ['1200x800']
    assert page.run("document.getElementById('picture').hidden")


def test_all_texts_are_copied(page, service, tmp_path):
    page.call('Browser.grantPermissions', permissions=['clipboardReadWrite', 'clipboardSanitizedWrite'],
              origin=service.address)
    page.choose('#files', write_picture(tmp_path / 'first', (100, 32)),
                write_picture(tmp_path / 'second', (80, 30)))
    texts = texts_when(page, 2)
    page.run("document.getElementById('copy-text').click()")
    page.wait_for("document.getElementById('status').textContent.startsWith('Copied 2 words as text')")
    assert page.run('navigator.clipboard.readText()') == ''.join(f'{text}\n' for text in texts)
    page.run("document.getElementById('copy-tsv').click()")
    page.wait_for("document.getElementById('status').textContent.includes('table')")
    lines = [line.split('\t') for line in page.run('navigator.clipboard.readText()').splitlines()]
    assert [line[:2] for line in lines] == [['first.png', texts[0]], ['second.png', texts[1]]]


def test_everything_has_a_name_for_a_screen_reader(page, tmp_path):
    page.choose('#files', write_picture(tmp_path / 'first', (100, 32)))
    texts_when(page, 1)
    open_large(page, tmp_path)
    page.run("document.getElementById('add-box').click()")
    texts_when(page, 2)
    nodes = page.call('Accessibility.getFullAXTree')['nodes']
    shown = [node for node in nodes if not node.get('ignored')]
    named = [node for node in shown if node['role']['value'] in {'button', 'image', 'img', 'group'}]
    assert [node for node in named if not node.get('name', {}).get('value')] == []
    assert {'button', 'group', 'heading', 'status'} <= {node['role']['value'] for node in shown}
    assert page.run("document.getElementById('status').getAttribute('aria-live')") == 'polite'


def test_the_calls_are_told_with_the_address_of_the_service_and_without_scripts_with_a_default(
        page, service):
    page.open(f'{service.address}/docs')
    calls = [f'curl -X POST {service.address}/service -T word.jpg',
             f'curl {service.address}/read -F image=@first.jpg -F image=@second.jpg']
    shown = page.run("[...document.querySelectorAll('pre')].map(node => node.textContent)")
    assert [text for text in shown if text.startswith('curl')] == calls
    sent = re.sub('<[^>]+>', '', service.call('GET', '/docs')[1])
    assert [call.replace(service.address, 'http://localhost:8080') in sent for call in calls] == [True, True]


def test_the_page_fits_a_phone_and_the_dark(page, tmp_path):
    page.choose('#files', write_picture(tmp_path / 'first', (300, 60)))
    texts_when(page, 1)
    grounds = []
    for name, dark in (('light', False), ('dark', True)):
        page.screenshot(tmp_path / f'{name}.png', 360, 740, dark)
        assert page.run('document.documentElement.scrollWidth <= 360')
        shown = cv2.imread(str(tmp_path / f'{name}.png'))
        grounds.append(np.median(shown))
    page.call('Emulation.clearDeviceMetricsOverride')
    assert grounds[0] > 200
    assert grounds[1] < 80
