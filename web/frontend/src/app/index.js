// Loaded on every page: Bootstrap (thin layer of ours in app.scss), htmx, and the desk's own behaviour. Every page works
// without all of this; it only makes things quicker.
import './app.scss';
import 'bootstrap/js/dist/collapse.js';
import 'bootstrap/js/dist/dropdown.js';
import 'bootstrap/js/dist/modal.js';
import 'bootstrap/js/dist/offcanvas.js';
import htmx from 'htmx.org';
import { startBusy } from './busy.js';
import { startKeys } from './keys.js';
import { startLists } from './lists.js';
import { startForms } from './forms.js';
import { startUploads } from './uploads.js';
import { startMaps } from './maps.js';

document.documentElement.classList.add('js');

// The content security policy allows neither eval nor inline styles.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0; // no pages with people's data in the browser's storage
htmx.config.scrollIntoViewOnBoost = false;
document.addEventListener('htmx:configRequest', (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) event.detail.headers['X-CSRFToken'] = token;
});
// A form that cannot be taken comes back as a page with 422 or 409: show it like any other.
document.addEventListener('htmx:beforeSwap', (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) event.detail.shouldSwap = true;
});

startBusy();
startKeys();
startLists();
const start = (root) => { startForms(root, start); startUploads(root); startMaps(root); };
start(document);
document.addEventListener('htmx:afterSettle', (event) => start(event.detail.elt.isConnected ? event.detail.elt.parentElement || document : document));
