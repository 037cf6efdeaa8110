// Answers questions of test_page_reader.py to reading/page/reader.js: one JSON object in, one out.
import {readFileSync} from 'node:fs';

const {align, bestPath, decodeTogether, opaque, probabilityOf, resize, softmax, withMargin} = await import(process.argv[2]);
const questions = JSON.parse(readFileSync(0));

const decoded = text => new Uint8Array(Buffer.from(text, 'base64'));
const encoded = image => ({...image, pixels: Buffer.from(image.pixels).toString('base64')});
const viewOf = ({logits, frames, classes}) => softmax({values: Float32Array.from(logits), frames, classes});

const answers = {
  image: ({pixels, width, height, margin, size}) => {
    const image = {pixels: decoded(pixels), width, height};
    return encoded(resize(margin ? withMargin(image, margin) : image, ...size));
  },
  opaque: ({pixels, width, height}) => encoded(opaque(decoded(pixels), width, height)),
  view: question => {
    const view = viewOf(question), label = bestPath(view);
    return {label, probability: probabilityOf(question.label, view), places: align(question.label, view)};
  },
  views: question => {
    const views = question.views.map(viewOf).map(view => ({...view, label: bestPath(view)}));
    return decodeTogether(views);
  },
};
console.log(JSON.stringify(questions.map(question => answers[question.kind](question))));
