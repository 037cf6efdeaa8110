// Answers questions of test_page_reader.py to reading/page/reader.js: one JSON object in, one out.
import {readFileSync} from 'node:fs';

const {align, bestPath, decodeTogether, isFor, kept, makeView, opaque, probabilityOf, softmax} = await import(process.argv[2]);
const questions = JSON.parse(readFileSync(0));

const decoded = text => new Uint8Array(Buffer.from(text, 'base64'));
const encoded = image => ({...image, pixels: Buffer.from(image.pixels).toString('base64')});
const viewOf = ({logits, frames, classes}) => softmax({values: Float32Array.from(logits), frames, classes});

const answers = {
  image: ({pixels, width, height, view, configuration}) => {
    const image = {pixels: decoded(pixels), width, height};
    return {...encoded(makeView(image, view, configuration)), isFor: isFor(view, image, configuration)};
  },
  kept: ({pixels, width, height, configuration}) => encoded(kept({pixels: decoded(pixels), width, height}, configuration)),
  opaque: ({pixels, width, height}) => encoded(opaque(decoded(pixels), width, height)),
  view: question => {
    const view = viewOf(question), label = bestPath(view);
    return {label, probability: probabilityOf(question.label, view), places: align(question.label, view)};
  },
  views: question => {
    const views = question.views.map(view => ({...viewOf(view), orientation: view.orientation}));
    return decodeTogether(views.map(view => ({...view, label: bestPath(view)})), question.orientationWeights);
  },
};
console.log(JSON.stringify(questions.map(question => answers[question.kind](question))));
