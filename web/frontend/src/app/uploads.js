// Files go up as soon as they are chosen; the form then carries their ids. Without scripts they travel with the form.
import { ask } from './ask.js';
import { say } from './words.js';

export function startUploads(root) {
  for (const place of root.querySelectorAll('[data-upload]')) if (!place.dataset.started) start(place);
  for (const place of root.querySelectorAll('[data-sign]')) if (!place.dataset.started) startSignature(place);
}

function start(place) {
  place.dataset.started = '1';
  const input = place.querySelector('input[type="file"]');
  const list = place.querySelector('.thumbs');
  input.addEventListener('change', () => { send(place, list, [...input.files]); input.value = ''; });
  list.addEventListener('click', (event) => {
    const drop = event.target.closest('.drop');
    if (drop) { event.preventDefault(); drop.closest('li').remove(); place.dispatchEvent(new Event('change', { bubbles: true })); }
  });
  for (const kind of ['dragover', 'dragenter']) place.addEventListener(kind, (event) => { event.preventDefault(); place.classList.add('is-over'); });
  for (const kind of ['dragleave', 'drop']) place.addEventListener(kind, () => place.classList.remove('is-over'));
  place.addEventListener('drop', (event) => { event.preventDefault(); send(place, list, [...event.dataTransfer.files]); });
}

async function send(place, list, files) {
  for (const file of files) await sendOne(place, list, file);
}

async function sendOne(place, list, file) {
  const item = document.createElement('li');
  const blank = document.createElement('span');
  blank.className = 'blank';
  blank.textContent = say('uploading');
  item.append(blank);
  list.append(item);
  const body = new FormData();
  body.append('file', file, file.name);
  body.append('slot', place.dataset.upload);
  try {
    const answer = await ask(place.dataset.address, body, { accept: 'application/json' });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.errors?.[0]?.detail || found.detail || String(answer.status));
    show(item, place.dataset.name, found);
    place.dispatchEvent(new Event('change', { bubbles: true }));
  } catch (error) {
    item.className = 'failed'; // the reason needs the whole width
    blank.className = 'bad-words';
    blank.textContent = say('upload_failed', { why: error.message });
    blank.setAttribute('role', 'alert');
    item.append(dropButton(file.name));
  }
}

function show(item, name, found) {
  item.replaceChildren();
  const field = document.createElement('input');
  Object.assign(field, { type: 'hidden', name, value: found.id });
  const picture = found.preview ? document.createElement('img') : document.createElement('span');
  if (found.preview) Object.assign(picture, { src: found.preview, alt: found.name });
  else { picture.className = 'blank'; picture.textContent = found.kind; }
  const title = document.createElement('span');
  title.className = 'name';
  title.textContent = found.name;
  item.append(field, picture, title, dropButton(found.name));
}

function dropButton(name) {
  const drop = document.createElement('button');
  Object.assign(drop, { type: 'button', className: 'drop', textContent: '×' });
  drop.setAttribute('aria-label', `${say('remove')} ${name}`);
  return drop;
}

/** A signature drawn with finger or mouse, sent as a picture. */
function startSignature(place) {
  place.dataset.started = '1';
  const canvas = place.querySelector('canvas');
  const pen = canvas.getContext('2d');
  const upload = place.closest('[data-upload]') || place.parentElement.querySelector('[data-upload]');
  let drawing = false;
  const at = (event) => { const box = canvas.getBoundingClientRect(); return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height]; };
  canvas.addEventListener('pointerdown', (event) => { drawing = true; canvas.setPointerCapture(event.pointerId); pen.lineWidth = 3; pen.lineCap = 'round'; pen.beginPath(); pen.moveTo(...at(event)); });
  canvas.addEventListener('pointermove', (event) => { if (drawing) { pen.lineTo(...at(event)); pen.stroke(); } });
  canvas.addEventListener('pointerup', () => { drawing = false; });
  place.querySelector('[data-clear]').addEventListener('click', () => pen.clearRect(0, 0, canvas.width, canvas.height));
  place.querySelector('[data-keep]').addEventListener('click', () => canvas.toBlob((blob) => {
    const list = upload.querySelector('.thumbs');
    list.replaceChildren();
    sendOne(upload, list, new File([blob], 'signature.png', { type: 'image/png' }));
  }, 'image/png'));
}
