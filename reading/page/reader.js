// Reading in the browser itself: pixels as OpenCV resizes them, the network in ONNX Runtime, CTC. The second writing of
// data_provider/image_file.py, reading/views.py, reading/decoding.py and crnnmodel/numpy_ctc.py; tests compare the two.

const MAX_BILINEAR = 1.5;   // times too large; of what is larger, bilinear interpolation would leave pixels out
const MIN_CUT = 5;          // pixels of a side that cutting has to leave
const CHANNELS = 3;

// ---- a reader as the page takes it

// configuration: as reading/page/folder.py writes it
export async function open(configuration) {
  const runtime = new URL(configuration.runtime, import.meta.url).href;
  const ort = await import(`${runtime}ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = 1;   // more need headers that a plain web server does not send
  ort.env.wasm.wasmPaths = runtime;
  const session = await ort.InferenceSession.create(new URL(configuration.model, import.meta.url).href);
  const logits = async (pixels, width, height) => {
    const images = new ort.Tensor('uint8', pixels, [1, height, width, CHANNELS]);
    const answer = (await session.run({images}, ['logits'])).logits;
    return {values: answer.data, frames: answer.dims[0], classes: answer.dims[2]};
  };
  let last = Promise.resolve();   // one word after the other: the session has one thread
  return {
    about: 'Pictures are read in this browser; none leaves your machine.',
    canReadUnseen: false,
    read: word => (last = last.catch(() => {}).then(() => readImage(imageOf(word.bitmap), configuration, logits))),
  };
}

// Read an image {pixels, width, height}, BGR; `logits` computes those of a view.
export async function readImage(image, configuration, logits) {
  const seen = [await readView(image, configuration.first, configuration, logits)];
  let label = seen[0].label, confidence = probabilityOf(label, seen[0]), orientation = 0;
  let smaller;
  for (const [number, views] of configuration.rounds.entries()) {
    if (confidence >= configuration.enough[number]) break;
    smaller ??= kept(image, configuration);
    for (const view of views.filter(view => isFor(view, smaller, configuration))) {
      seen.push(await readView(smaller, view, configuration, logits));
    }
    [label, confidence, orientation] = decodeTogether(seen, configuration.orientationWeights);
  }
  return {text: label.map(index => configuration.characters[index]).join(''), confidence,
          characters: placeCharacters(label, seen.filter(view => view.orientation === orientation), configuration.characters)};
}

async function readView(image, view, configuration, logits) {
  const {pixels, width, height} = makeView(image, view, configuration);
  const answer = softmax(await logits(pixels, width, height));
  return {...answer, label: bestPath(answer), orientation: view.quarter_turns};
}

// ---- views

// Whether a view is for images of that shape.
export function isFor(view, image, {upright, leastWord}) {
  if (view.quarter_turns && image.width >= upright * image.height) return false;
  const [width, height] = view.quarter_turns % 2 ? [image.height, image.width] : [image.width, image.height];
  const word = wordSize(width, height, view.turn);
  return word.width > 0 && word.height > leastWord * height;
}

// The image that further views are made of: a large one is shrunk.
export function kept(image, {keptPixels, keptSide}) {
  const factor = Math.min(1, Math.sqrt(keptPixels / (image.width * image.height)));
  const [width, height] = [image.width, image.height].map(
    side => Math.min(keptSide, Math.max(1, Math.floor(side * factor))));
  return width === image.width && height === image.height ? image : average(image, width, height);
}

export function makeView(image, view, configuration) {
  for (let turn = 0; turn < view.quarter_turns; turn++) image = quarterTurned(image);
  if (view.margin) image = withMargin(image, view.margin);
  if (view.shear || view.turn) image = warped(image, view, configuration);
  image = resize(image, widthOf(view, image, configuration), configuration.inputSize[1]);
  return view.blur ? blurred(image, view.blur) : image;
}

function widthOf(view, image, {inputSize: [width, height], ownWidths, pixelsPerFrame, minFrames}) {
  if (view.has_own_width) {
    const own = view.width * height * image.width / image.height;
    const distance = offered => Math.max(offered / own, own / offered);
    return ownWidths.reduce((best, offered) => distance(offered) < distance(best) ? offered : best);
  }
  return view.width === 1 ? width : pixelsPerFrame * Math.max(minFrames, rounded(view.width * width / pixelsPerFrame));
}

// ---- pixels

// The opaque BGR pixels of a bitmap: what is transparent becomes white, or black where the rest is light.
function imageOf(bitmap) {
  const {width, height} = bitmap;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(bitmap, 0, 0);
  return opaque(context.getImageData(0, 0, width, height).data, width, height);
}

export function opaque(rgba, width, height) {
  const pixels = new Uint8Array(CHANNELS * width * height);
  let seen = 0, total = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    seen += rgba[at + 3] / 255;
    total += (rgba[at] + rgba[at + 1] + rgba[at + 2]) * rgba[at + 3] / 255;
  }
  const ground = total > 127.5 * 3 * seen ? 0 : 255;
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += CHANNELS) {
    const weight = rgba[from + 3] / 255;
    for (let channel = 0; channel < CHANNELS; channel++) {
      pixels[to + channel] = rounded(rgba[from + 2 - channel] * weight + ground * (1 - weight));
    }
  }
  return {pixels, width, height};
}

// The image turned by 90 degrees, counter-clockwise.
function quarterTurned({pixels, width, height}) {
  const turned = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = CHANNELS * (y * width + x);
      turned.set(pixels.subarray(from, from + CHANNELS), CHANNELS * ((width - 1 - x) * height + y));
    }
  }
  return {pixels: turned, width: height, height: width};
}

// The image sheared and turned, the middle in the middle; beyond its edge it goes on as there.
function warped(image, {shear, turn}, {warpedHeight, thinnestWord}) {
  if (image.height > warpedHeight) {
    image = average(image, Math.max(1, rounded(image.width * warpedHeight / image.height)), warpedHeight);
  }
  const cosine = Math.cos(turn * Math.PI / 180), sine = Math.sin(turn * Math.PI / 180);
  const [a, b, c, d] = [cosine, cosine * shear + sine, -sine, cosine - sine * shear];   // [[a, b], [c, d]] (x, y)
  const word = wordSize(image.width + Math.abs(shear) * image.height, image.height, turn);
  const wordHeight = Math.max(word.height, thinnestWord * image.height), wordWidth = Math.max(word.width, wordHeight);
  const left = (a * image.width + b * image.height - wordWidth) / 2, top = (c * image.width + d * image.height - wordHeight) / 2;
  const width = Math.ceil(wordWidth), height = Math.ceil(wordHeight);
  const pixels = new Uint8Array(CHANNELS * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += CHANNELS) {
      between(image, d * (x + left) - b * (y + top), a * (y + top) - c * (x + left), pixels, to);
    }
  }
  return {pixels, width, height};
}

// The size of a word that, inclined by so many degrees, just fits into a box.
function wordSize(width, height, degrees) {
  const angle = Math.abs(degrees) * Math.PI / 180;
  const cosine = Math.cos(angle), sine = Math.sin(angle), both = Math.cos(2 * angle);
  return {width: (width * cosine - height * sine) / both, height: (height * cosine - width * sine) / both};
}

// The image under a Gaussian, as GaussianBlur; beyond its edge it is mirrored.
function blurred(image, deviation) {
  const radius = (rounded(6 * deviation + 1) | 1) >> 1;
  const bells = Array.from({length: 2 * radius + 1}, (_, place) => Math.exp(-((place - radius) ** 2) / (2 * deviation ** 2)));
  const total = bells.reduce((sum, bell) => sum + bell, 0);
  const along = (pixels, isAcross) => pixels.map((_, at) => {
    const channel = at % CHANNELS, x = (at - channel) / CHANNELS % image.width, y = Math.floor(at / (CHANNELS * image.width));
    return bells.reduce((sum, bell, place) => {
      const column = isAcross ? reflected(x + place - radius, image.width) : x;
      const row = isAcross ? y : reflected(y + place - radius, image.height);
      return sum + bell / total * pixels[CHANNELS * (row * image.width + column) + channel];
    }, 0);
  });
  return {...image, pixels: Uint8Array.from(along(along(Float64Array.from(image.pixels), true), false), rounded)};
}

// The index of a pixel or, beyond the edge, of its mirror image; the pixel at the edge is the mirror.
function reflected(index, side) {
  const inside = index < 0 ? -index : index;
  return clipped(inside < side ? inside : 2 * (side - 1) - inside, side);
}

// Write the colour of a place between the pixels of an image to `pixels` from `to` on.
function between(image, x, y, pixels, to) {
  const column = Math.floor(x), row = Math.floor(y), right = x - column, below = y - row;
  for (let channel = 0; channel < CHANNELS; channel++) {
    const at = (row, column) => image.pixels[
      CHANNELS * (image.width * clipped(row, image.height) + clipped(column, image.width)) + channel];
    const upper = at(row, column) * (1 - right) + at(row, column + 1) * right;
    const lower = at(row + 1, column) * (1 - right) + at(row + 1, column + 1) * right;
    pixels[to + channel] = rounded(upper * (1 - below) + lower * below);
  }
}

// The image with more room around it, its edge repeated, or less.
export function withMargin({pixels, width, height}, fraction) {
  const margin = Math.sign(fraction) * rounded(Math.abs(fraction) * height);
  if (margin < 0 && Math.min(width, height) < -2 * margin + MIN_CUT) return {pixels, width, height};
  const made = {width: width + 2 * margin, height: height + 2 * margin};
  made.pixels = new Uint8Array(CHANNELS * made.width * made.height);
  let to = 0;
  for (let y = 0; y < made.height; y++) {
    const row = width * clipped(y - margin, height);
    for (let x = 0; x < made.width; x++) {
      const from = CHANNELS * (row + clipped(x - margin, width));
      for (let channel = 0; channel < CHANNELS; channel++) made.pixels[to++] = pixels[from + channel];
    }
  }
  return made;
}

// The image in another size: what is far too large is averaged first, then everything interpolated.
export function resize(image, width, height) {
  const tooWide = image.width > MAX_BILINEAR * width, tooHigh = image.height > MAX_BILINEAR * height;
  const averaged = tooWide || tooHigh ? average(image, tooWide ? width : image.width, tooHigh ? height : image.height) : image;
  return interpolate(averaged, width, height);
}

// Each pixel the mean of the area that it covers, as INTER_AREA.
function average(image, width, height) {
  const ofColumns = areas(image.width, width), ofRows = areas(image.height, height);
  const across = image.width / width, down = image.height / height;
  const whole = Number.isInteger(across) && Number.isInteger(down);
  const pixels = new Uint8Array(CHANNELS * width * height);
  const weigh = whole ? value => value : Math.fround;
  for (let y = 0; y < height; y++) {
    const sums = new Float32Array(CHANNELS * width);
    for (const [row, rowWeight] of ofRows[y]) {
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < CHANNELS; channel++) {
          let sum = 0;
          for (const [column, weight] of ofColumns[x]) {
            sum = weigh(sum + weigh(image.pixels[CHANNELS * (row * image.width + column) + channel] * (whole ? 1 : weight)));
          }
          sums[CHANNELS * x + channel] += whole ? sum : Math.fround(sum * rowWeight);
        }
      }
    }
    const factor = whole ? Math.fround(1 / (across * down)) : 1;
    for (let at = 0; at < sums.length; at++) {
      pixels[CHANNELS * width * y + at] = across === 2 && down === 2 && whole ? (sums[at] + 2) >> 2 : rounded(Math.fround(sums[at] * factor));
    }
  }
  return {pixels, width, height};
}

// Of each new pixel of a side the old ones that it covers, with their weights.
function areas(oldSide, side) {
  const scale = oldSide / side;
  return Array.from({length: side}, (_, index) => {
    const start = index * scale, end = start + scale, covered = [];
    const cell = Math.min(scale, oldSide - start);
    const last = Math.min(Math.floor(end), oldSide - 1), first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) covered.push([first - 1, Math.fround((first - start) / cell)]);
    for (let old = first; old < last; old++) covered.push([old, Math.fround(1 / cell)]);
    if (end - last > 1e-3) covered.push([last, Math.fround(Math.min(end - last, 1, cell) / cell)]);
    return covered;
  });
}

// Bilinear interpolation in 2048ths, as INTER_LINEAR.
function interpolate(image, width, height) {
  if (image.width === width && image.height === height) return image;
  const columns = neighbours(image.width, width), rows = neighbours(image.height, height);
  const pixels = new Uint8Array(CHANNELS * width * height);
  for (const side of columns) {   // beyond the edge there is nothing to interpolate with
    if (side.first < 0) Object.assign(side, {first: 0, weights: [2048, 0]});
    if (side.first >= image.width - 1) Object.assign(side, {first: image.width - 1, weights: [2048, 0]});
  }
  let to = 0;
  for (const row of rows) {
    const upper = image.width * clipped(row.first, image.height), lower = image.width * clipped(row.first + 1, image.height);
    for (const {first, weights: [left, right]} of columns) {
      const next = Math.min(first + 1, image.width - 1);
      for (let channel = 0; channel < CHANNELS; channel++) {
        const at = (start, column) => image.pixels[CHANNELS * (start + column) + channel];
        const above = at(upper, first) * left + at(upper, next) * right, below = at(lower, first) * left + at(lower, next) * right;
        pixels[to++] = (((row.weights[0] * (above >> 4)) >> 16) + ((row.weights[1] * (below >> 4)) >> 16) + 2) >> 2;
      }
    }
  }
  return {pixels, width, height};
}

// Of each new pixel of a side the first of the two old ones around it, and the weights of both in 2048ths.
function neighbours(oldSide, side) {
  return Array.from({length: side}, (_, index) => {
    const position = Math.fround((index + 0.5) * (oldSide / side) - 0.5), first = Math.floor(position);
    const weight = Math.fround(position - first);
    return {first, weights: [rounded(Math.fround(1 - weight) * 2048), rounded(weight * 2048)]};
  });
}

const clipped = (index, side) => Math.min(Math.max(index, 0), side - 1);

// The nearest whole number, the even one of two.
function rounded(value) {
  const below = Math.floor(value), rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2) ? below + 1 : below;
}

// ---- connectionist temporal classification; the blank is the last class

export function softmax({values, frames, classes}) {
  const probabilities = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += classes) {
    const logits = values.subarray(start, start + classes), largest = logits.reduce((a, b) => Math.max(a, b));
    let sum = 0;
    for (let index = 0; index < classes; index++) sum += probabilities[start + index] = Math.exp(logits[index] - largest);
    for (let index = 0; index < classes; index++) probabilities[start + index] /= sum;
  }
  return {probabilities, frames, classes};
}

export function bestPath({probabilities, frames, classes}) {
  const label = [];
  let before = classes - 1;
  for (let frame = 0; frame < frames; frame++) {
    const row = probabilities.subarray(frame * classes, (frame + 1) * classes);
    const best = row.indexOf(row.reduce((a, b) => Math.max(a, b)));
    if (best !== classes - 1 && best !== before) label.push(best);
    before = best;
  }
  return label;
}

// Frames that a label needs: one a character, and a blank between equal neighbours.
const requiredFrames = label => label.length + label.filter((index, place) => place && index === label[place - 1]).length;

// p(label | view) over all paths; the products of some frames stay far above the smallest number.
export function probabilityOf(label, {probabilities, frames, classes}) {
  const states = 2 * label.length + 1;   // 2 k + 1 is character k, 2 k the blank before it
  const classOf = state => state % 2 ? label[(state - 1) / 2] : classes - 1;
  let paths = new Float64Array(states);
  paths[0] = 1;
  for (let frame = 0; frame < frames; frame++) {
    const next = new Float64Array(states);
    for (let state = 0; state < states; state++) {
      let sum = paths[state];
      if (state >= 1 && frame) sum += paths[state - 1];
      if (state >= 2 && frame && mayLeap(label, state)) sum += paths[state - 2];
      if (state === 1 && !frame) sum = 1;
      next[state] = sum * probabilities[frame * classes + classOf(state)];
    }
    paths = next;
  }
  return Math.min(1, paths[states - 1] + (states > 1 ? paths[states - 2] : 0));
}

// Whether a path may go to a state past the blank before it.
const mayLeap = (label, state) => state % 2 === 1 && label[(state - 1) / 2] !== label[(state - 3) / 2];

// Of what the views read alone the label that is the most probable in the views of one orientation together, its mean
// probability in them, and the orientation.
export function decodeTogether(views, orientationWeights) {
  let best = null;
  for (const {label} of views) {
    orientationWeights.forEach((weight, orientation) => {
      const able = views.filter(view => view.orientation === orientation && requiredFrames(label) <= view.frames);
      const mean = able.reduce((total, view) => total + probabilityOf(label, view), 0) / (able.length || 1);
      if (!best || mean * weight > best.weighed) best = {label, mean, orientation, weighed: mean * weight};
    });
  }
  return [best.label, best.mean, best.orientation];
}

// The characters of a label with their probabilities, the mean over the views of its orientation.
function placeCharacters(label, views, characters) {
  const placed = views.filter(view => requiredFrames(label) <= view.frames).map(view => align(label, view));
  return label.map((index, place) => ({
    character: characters[index],
    probability: placed.reduce((sum, view) => sum + view[place], 0) / placed.length,
  }));
}

// The highest probability of each character on the most probable path of a label.
export function align(label, {probabilities, frames, classes}) {
  const states = 2 * label.length + 1, from = [];
  const classOf = state => state % 2 ? label[(state - 1) / 2] : classes - 1;
  let scores = new Float64Array(states).fill(-Infinity);
  for (let frame = 0; frame < frames; frame++) {
    const next = new Float64Array(states), steps = new Uint8Array(states);
    for (let state = 0; state < states; state++) {
      let best = frame ? scores[state] : state < 2 ? 0 : -Infinity;
      if (frame && state >= 1 && scores[state - 1] > best) [best, steps[state]] = [scores[state - 1], 1];
      if (frame && state >= 2 && mayLeap(label, state) && scores[state - 2] > best) [best, steps[state]] = [scores[state - 2], 2];
      next[state] = best + Math.log(probabilities[frame * classes + classOf(state)]);
    }
    scores = next;
    from.push(steps);
  }
  let state = states > 1 && scores[states - 2] > scores[states - 1] ? states - 2 : states - 1;
  const highest = new Array(label.length).fill(0);
  for (let frame = frames - 1; frame >= 0; frame--) {
    if (state % 2) {
      const place = (state - 1) / 2;
      highest[place] = Math.max(highest[place], probabilities[frame * classes + label[place]]);
    }
    state -= from[frame][state];
  }
  return highest;
}
