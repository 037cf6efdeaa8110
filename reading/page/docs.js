// The calls with the address that this page has come from, also where a proxy has put it below a path.

const base = new URL('.', location.href).href;
for (const node of document.querySelectorAll('.base')) node.textContent = base;
document.body.dataset.ready = 'yes';
