"""A headless Chromium that tests drive, over the pipe of its DevTools protocol; needs nothing beside the
browser.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import time

FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-pipe']
PATIENCE = 60   # seconds


def path():
    """Return the path of an installed Chromium, or None."""
    return shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')


class Browser:
    """One window."""

    def __init__(self, profile_dir, width=1100, height=900):
        """Start it.

        Args:
            profile_dir: an empty folder.
            width, height: of the window, pixels.
        """
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(   # the protocol uses the descriptors 3 and 4
            ['bash', '-c', f'exec "$0" "$@" 3<&{commands} 4>&{answers}', path(), *FLAGS,
             f'--user-data-dir={profile_dir}',
             f'--window-size={width},{height}', 'about:blank'],
            pass_fds=[commands, answers], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self._number, self._received, self._session = 0, b'', None
        self.complaints = []   # what the page's console has of errors
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self._session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'DOM'):
            self.call(f'{domain}.enable')

    def close(self):
        """End it."""
        os.close(self._commands)
        os.close(self._answers)
        self._process.kill()
        self._process.wait()

    def call(self, method, **params):
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': params}
        if self._session and not method.startswith(('Target.', 'Browser.')):
            message['sessionId'] = self._session
        os.write(self._commands, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next_message()
            if answer.get('id') == self._number:
                if 'error' in answer:
                    raise AssertionError(f'{method}: {answer["error"]}')
                return answer['result']

    def open(self, url):
        """Go to a page and wait until its script is ready."""
        self.call('Page.navigate', url=url)
        self.wait_for('document.body?.dataset.ready')

    def run(self, script):
        """Return what a script's expression gives; promises are awaited."""
        result = self.call('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True,
                           userGesture=True)
        if 'exceptionDetails' in result:
            raise AssertionError(f'{script}: {result["exceptionDetails"]}')
        return result['result'].get('value')

    def wait_for(self, script, seconds=PATIENCE):
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.05)
        raise AssertionError(
            f'{script} has not come true; the page says {self.run("document.body.innerText")!r}, the '
                             f'console {self.complaints}')

    def choose(self, selector, *files):
        """Choose files in an input."""
        root = self.call('DOM.getDocument')['root']['nodeId']
        node = self.call('DOM.querySelector', nodeId=root, selector=selector)['nodeId']
        self.call('DOM.setFileInputFiles', nodeId=node, files=[str(file) for file in files])

    def drag(self, start, end):
        """Move the mouse with its button down from one place (x, y) of the window to another."""
        for kind, (x, y) in (('mousePressed', start),
                             ('mouseMoved', [sum(both) / 2 for both in zip(start, end, strict=True)]),
                             ('mouseMoved', end), ('mouseReleased', end)):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', buttons=1, clickCount=1)

    def press(self, key, code=0, modifiers=0):
        """Press a key, such as 'Tab'; code is its virtual key code, modifiers 8 for Shift."""
        for kind in ('rawKeyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      modifiers=modifiers)

    def screenshot(self, file_path, width=None, height=None, dark=False):
        """Write what the page looks like, in a window of another size perhaps, or where
        people want it dark.
        """
        self.call('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
        if width:
            self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1,
                      mobile=False)
        content = base64.b64decode(self.call('Page.captureScreenshot')['data'])
        file_path.write_bytes(content)

    def _next_message(self):
        while b'\0' not in self._received:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            piece = os.read(self._answers, 1 << 20) if ready else b''
            if not piece:
                raise AssertionError('the browser does not answer')
            self._received += piece
        message, _, self._received = self._received.partition(b'\0')
        message = json.loads(message)
        if message.get('method') == 'Runtime.exceptionThrown':
            self.complaints.append(message['params']['exceptionDetails'])
        if message.get('method') == 'Log.entryAdded' and message['params']['entry']['level'] == 'error':
            self.complaints.append(message['params']['entry'].get('text'))
        return message
