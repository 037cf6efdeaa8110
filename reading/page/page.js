// The page: pictures come in, words go out. What reads is the service that sent the page or, where page.json says so,
// the browser itself (reader.js).

const LARGE_PICTURE = 600000;     // pixels; a larger picture than this shows more than one word, most likely
const MAX_SENT_SIDE = 2048;       // pixels of a crop that is sent
const MAX_SENT_BYTES = 10000000;  // of a file that is sent as it is
const AT_ONCE = 4;                // requests
const MAX_TRIES = 6;              // of a request that the service has no time for
const MIN_BOX = 0.005;            // of the picture's sides
const KEY_STEP = 0.01;            // likewise
const KEY_PAUSE = 400;            // milliseconds after the last key, then a box is read again
const NEW_BOX = {x: 0.35, y: 0.42, width: 0.3, height: 0.16};

const element = id => document.getElementById(id);
const words = [];      // {name, bitmap, file, reading, item}
const waiting = [];    // pictures that are shown when the one before is closed
let shown = null;      // {name, bitmap, file, boxes}
let running = 0;
const queue = [];
let reader;

// ---- what reads

function serviceReader() {
  return {
    about: 'Pictures are sent to this service, which reads them and keeps nothing.',
    canReadUnseen: true,
    async read({file, bitmap}) {
      const body = file && (file.size <= MAX_SENT_BYTES || !bitmap) ? file : await pngOf(bitmap);
      for (let tries = 1; ; tries++) {
        const response = await fetch('service', {method: 'POST', body, headers: {'Content-Type': 'application/octet-stream'}});
        const answer = await response.json();
        if (response.ok) return answer;
        if (response.status !== 503 || tries === MAX_TRIES) throw new Error(answer.error);
        await new Promise(done => setTimeout(done, 1000 * Number(response.headers.get('Retry-After') || 1)));
      }
    },
  };
}

async function openReader() {
  const configuration = await (await fetch('page.json')).json();
  return configuration.engine === 'service' ? serviceReader() : (await import('./reader.js')).open(configuration);
}

// Start a task when fewer than AT_ONCE run.
function enqueue(task) {
  queue.push(task);
  const next = async () => {
    if (running >= AT_ONCE || !queue.length) return;
    running++;
    await queue.shift()();
    running--;
    next();
  };
  next();
}

// ---- pictures come in

async function take(files) {
  const pictures = [...files].filter(file => file.type.startsWith('image/') || !file.type);
  if (!pictures.length) return say('Expected pictures; got none.');
  for (const file of pictures) {
    const bitmap = await createImageBitmap(file, {colorSpaceConversion: 'none'}).catch(() => null);
    const picture = {name: file.name || 'pasted picture', file, bitmap};
    if (bitmap && bitmap.width * bitmap.height > LARGE_PICTURE) waiting.push(picture);
    else addWord(picture);
  }
  if (!shown) showNext();
}

function cropOf(bitmap, {x, y, width, height}) {
  const [left, top, wide, high] = [x * bitmap.width, y * bitmap.height, width * bitmap.width, height * bitmap.height].map(Math.round);
  return createImageBitmap(bitmap, left, top, Math.max(wide, 2), Math.max(high, 2));
}

async function pngOf(bitmap) {
  const canvas = canvasOf(bitmap, Math.min(1, MAX_SENT_SIDE / Math.max(bitmap.width, bitmap.height)));
  return new Promise(done => canvas.toBlob(done, 'image/png'));
}

function canvasOf(bitmap, scale, canvas = document.createElement('canvas')) {
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// ---- words

function addWord(picture) {
  const word = {...picture, reading: null, item: document.createElement('li')};
  word.item.className = 'word';
  words.push(word);
  element('words').append(word.item);
  element('results').hidden = false;
  readWord(word);
  return word;
}

function readWord(word) {
  const current = word.current = {};   // a box that was moved meanwhile is read again, and this answer dropped
  word.reading = null;
  showWord(word);
  enqueue(async () => {
    let reading;
    try {
      if (!word.bitmap && !reader.canReadUnseen) throw new Error('this browser cannot show that picture');
      reading = await reader.read(word);
    } catch (error) {
      reading = {error: error instanceof TypeError ? 'no answer from the service' : error.message};
    }
    if (word.current !== current || !words.includes(word)) return;
    word.reading = reading;
    showWord(word);
    say(reading.error ? `${word.name}: ${reading.error}` : `Read ${reading.text || 'nothing'}, ${percent(reading.confidence)}`);
    word.onread?.(reading);
  });
}

function showWord(word) {
  const {reading, item} = word;
  const thumb = make('div', 'thumb');
  if (word.bitmap) {
    const canvas = canvasOf(word.bitmap, Math.min(1, 288 / word.bitmap.width, 160 / word.bitmap.height));
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Picture ${word.name}`);
    thumb.append(canvas);
  }
  const told = make('div', 'told');
  told.append(make('p', 'text', !reading ? 'reading …' : reading.error || reading.text || '(nothing)'));
  told.firstChild.dir = 'auto';
  item.classList.toggle('failed', Boolean(reading?.error));
  if (reading && !reading.error) told.append(make('p', 'confidence', `${percent(reading.confidence)} confidence`), characters(reading));
  told.append(make('p', 'name', word.name));
  const remove = make('button', '', 'Remove');
  remove.type = 'button';
  remove.setAttribute('aria-label', `Remove ${reading?.text || word.name}`);
  remove.addEventListener('click', () => removeWord(word));
  const actions = make('div', 'buttons');
  if (word.bitmap && !word.onread) {
    const boxes = make('button', '', 'Boxes');
    boxes.type = 'button';
    boxes.setAttribute('aria-label', `Draw boxes in ${word.name}`);
    boxes.addEventListener('click', () => { removeWord(word); waiting.unshift(word); closePicture(); });
    actions.append(boxes);
  }
  actions.append(remove);
  item.replaceChildren(thumb, told, actions);
}

function characters(reading) {
  const list = make('ol', 'characters');
  list.setAttribute('aria-label', 'Probability of each character');
  for (const {character, probability} of reading.characters) {
    const level = probability >= 0.95 ? 'certain' : probability >= 0.8 ? 'likely' : probability >= 0.5 ? 'doubtful' : 'unlikely';
    const entry = make('li', level);
    entry.append(make('b', '', character === ' ' ? '␣' : character), make('small', '', percent(probability)));
    list.append(entry);
  }
  return list;
}

function removeWord(word) {
  words.splice(words.indexOf(word), 1);
  word.item.remove();
  word.onremove?.();
  element('results').hidden = !words.length;
}

function make(name, className, text = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

const percent = figure => `${Math.floor(100 * figure)} %`;
const say = message => { element('status').textContent = message; };

// ---- boxes in a larger picture

function showNext() {
  shown = waiting.shift() || null;
  element('picture').hidden = !shown;
  for (const old of element('stage').querySelectorAll('.box')) old.remove();
  if (!shown) return;
  shown.boxes = [];
  canvasOf(shown.bitmap, Math.min(1, 1600 / shown.bitmap.width, 1600 / shown.bitmap.height), element('canvas'));
  element('canvas').setAttribute('aria-label', `The picture ${shown.name}`);
  element('picture').scrollIntoView({block: 'nearest'});
  element('add-box').focus();
}

function closePicture() {
  for (const box of shown?.boxes ?? []) if (box.word) box.word.onread = () => {};   // its word stays
  showNext();
}

function addBox(area) {
  const box = {...area, node: make('div', 'box'), label: make('span', '')};
  const picture = shown;
  box.node.append(box.label);
  box.node.tabIndex = 0;
  box.node.setAttribute('role', 'group');
  box.node.setAttribute('aria-describedby', 'box-keys');
  box.node.addEventListener('keydown', event => keyOnBox(event, box));
  box.node.addEventListener('pointerdown', event => dragBox(event, box));
  element('stage').append(box.node);
  picture.boxes.push(box);
  box.number = picture.boxes.length;
  place(box);
  readBox(box, picture);
  return box;
}

function place(box) {
  for (const [property, figure] of [['left', box.x], ['top', box.y], ['width', box.width], ['height', box.height]]) {
    box.node.style[property] = `${100 * figure}%`;
  }
}

async function readBox(box, picture) {
  const bitmap = await cropOf(picture.bitmap, box);
  if (!picture.boxes.includes(box)) return;   // removed meanwhile
  if (box.word && words.includes(box.word)) {
    box.word.bitmap = bitmap;
    return readWord(box.word);
  }
  const told = reading => {
    box.label.textContent = reading.text || (reading.error ? '?' : '');
    box.node.setAttribute('aria-label', `Box ${box.number}: ${reading.error || reading.text || 'nothing'}`);
  };
  box.word = addWord({name: `${picture.name}, box ${box.number}`, bitmap, onread: told, onremove: () => removeBox(box, picture)});
}

function removeBox(box, picture) {
  if (!picture.boxes.includes(box)) return;
  picture.boxes.splice(picture.boxes.indexOf(box), 1);
  box.node.remove();
  if (words.includes(box.word)) removeWord(box.word);
  if (picture === shown) element('add-box').focus();
}

function keyOnBox(event, box) {
  const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
  if (event.key === 'Delete' || event.key === 'Backspace') removeBox(box, shown);
  else if (step && event.shiftKey) resizeTo(box, box.width + KEY_STEP * step[0], box.height + KEY_STEP * step[1]);
  else if (step) moveTo(box, box.x + KEY_STEP * step[0], box.y + KEY_STEP * step[1]);
  else return;
  event.preventDefault();
  clearTimeout(box.pause);
  if (step) box.pause = setTimeout(readBox, KEY_PAUSE, box, shown);
}

const between = (smallest, figure, largest) => Math.min(Math.max(figure, smallest), largest);

function moveTo(box, x, y) {
  box.x = between(0, x, 1 - box.width);
  box.y = between(0, y, 1 - box.height);
  place(box);
}

function resizeTo(box, width, height) {
  box.width = between(MIN_BOX, width, 1 - box.x);
  box.height = between(MIN_BOX, height, 1 - box.y);
  place(box);
}

// Where a pointer is, in fractions of the picture.
function positionOf(event) {
  const {left, top, width, height} = element('stage').getBoundingClientRect();
  return {x: between(0, (event.clientX - left) / width, 1), y: between(0, (event.clientY - top) / height, 1)};
}

// Follow a pointer until it is released.
function follow(event, onmove, onend) {
  event.preventDefault();
  const stage = element('stage');
  stage.setPointerCapture(event.pointerId);
  const end = () => {
    stage.removeEventListener('pointermove', onmove);
    stage.removeEventListener('pointerup', end);
    stage.removeEventListener('pointercancel', end);
    onend();
  };
  stage.addEventListener('pointermove', onmove);
  stage.addEventListener('pointerup', end);
  stage.addEventListener('pointercancel', end);
}

function dragBox(event, box) {
  event.stopPropagation();
  box.node.focus();
  const start = positionOf(event), {x, y, width, height} = box, picture = shown;
  const edge = box.node.getBoundingClientRect();
  const resizes = edge.right - event.clientX < 12 && edge.bottom - event.clientY < 12;
  follow(event, move => {
    const at = positionOf(move);
    if (resizes) resizeTo(box, width + at.x - start.x, height + at.y - start.y);
    else moveTo(box, x + at.x - start.x, y + at.y - start.y);
  }, () => {
    if (box.x !== x || box.y !== y || box.width !== width || box.height !== height) readBox(box, picture);
  });
}

function drawBox(event) {
  if (!shown || event.button !== 0) return;
  const start = positionOf(event), drawn = {node: make('div', 'box'), x: start.x, y: start.y, width: 0, height: 0};
  element('stage').append(drawn.node);
  follow(event, move => {
    const at = positionOf(move);
    Object.assign(drawn, {x: Math.min(start.x, at.x), y: Math.min(start.y, at.y),
                          width: Math.abs(at.x - start.x), height: Math.abs(at.y - start.y)});
    place(drawn);
  }, () => {
    drawn.node.remove();
    const {x, y, width, height} = drawn;
    if (width >= MIN_BOX && height >= MIN_BOX) addBox({x, y, width, height});
  });
}

// ---- words go out

async function copy(lines, what) {
  const text = lines.join('\n') + '\n';
  try {
    await navigator.clipboard.writeText(text);
  } catch {   // without HTTPS there is no such clipboard
    const area = make('textarea', '');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say(`Copied ${lines.length} ${lines.length === 1 ? 'word' : 'words'} as ${what}.`);
}

const readWords = () => words.filter(word => word.reading && !word.reading.error);
const field = text => text.replace(/\\/g, '\\\\').replace(/\t/g, '\\t').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
const tsvLine = ({name, reading}) => [field(name), field(reading.text), reading.confidence.toFixed(4)].join('\t');

// ---- what listens

function listen() {
  for (const id of ['files', 'photo']) {
    element(id).addEventListener('change', event => { take([...event.target.files]); event.target.value = ''; });
  }
  document.addEventListener('paste', event => { if (event.clipboardData.files.length) take(event.clipboardData.files); });
  document.addEventListener('dragover', event => { event.preventDefault(); element('take').classList.add('over'); });
  document.addEventListener('dragleave', () => element('take').classList.remove('over'));
  document.addEventListener('drop', event => {
    event.preventDefault();
    element('take').classList.remove('over');
    take(event.dataTransfer.files);
  });
  element('stage').addEventListener('pointerdown', drawBox);
  element('add-box').addEventListener('click', () => addBox({...NEW_BOX}).node.focus());
  element('whole').addEventListener('click', () => { addWord({...shown}); closePicture(); });
  element('done').addEventListener('click', closePicture);
  element('copy-text').addEventListener('click', () => copy(readWords().map(word => word.reading.text), 'text'));
  element('copy-tsv').addEventListener('click', () => copy(readWords().map(tsvLine), 'a table'));
  element('clear').addEventListener('click', () => { [...words].forEach(removeWord); say('Removed all.'); });
}

try {
  reader = await openReader();
  listen();
  element('engine').textContent = reader.about;
  document.body.dataset.ready = 'yes';
} catch (error) {
  element('engine').textContent = `This page cannot read: ${error.message}`;
}
