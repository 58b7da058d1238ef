// j/k move, Enter or o opens, x selects, c claims, / searches, g goes to the desk, ? shows this.
import { say } from './words.js';

const rows = () => [...document.querySelectorAll('[data-rows] > [data-open]')];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains('is-cursor'));
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
  all[at]?.classList.remove('is-cursor');
  next.classList.add('is-cursor');
  next.querySelector('a.title')?.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

const cursor = () => document.querySelector('.is-cursor');

const DEEDS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => { if (cursor()) window.location.assign(cursor().dataset.open); },
  x: () => cursor()?.querySelector('input[type="checkbox"]')?.click(),
  c: () => {
    const claim = cursor()?.querySelector('[data-claim]') || (cursor() ? null : document.querySelector('[data-claim-here]'));
    claim?.click();
  },
  '/': () => { const field = document.querySelector('[data-search]'); field?.focus(); field?.select(); },
  g: () => document.querySelector('.brand')?.click(),
  '?': showKeys,
};

function showKeys() {
  const dialog = document.getElementById('keys');
  if (!dialog || dialog.open) return;
  const table = [['j', 'next'], ['k', 'previous'], ['o', 'open'], ['x', 'select'], ['c', 'claim'], ['/', 'search'], ['g', 'desk'], ['?', 'help']];
  dialog.replaceChildren();
  const title = document.createElement('h2');
  title.id = 'keys-title';
  title.textContent = say('keys');
  const list = document.createElement('dl');
  list.className = 'facts';
  for (const [key, word] of table) {
    const term = document.createElement('dt');
    const mark = document.createElement('kbd');
    mark.textContent = key === 'o' ? 'Enter · o' : key;
    term.append(mark);
    const text = document.createElement('dd');
    text.textContent = say(word);
    list.append(term, text);
  }
  const close = document.createElement('button');
  close.className = 'btn btn-plain mt-3';
  close.textContent = say('close');
  close.addEventListener('click', () => dialog.close());
  dialog.append(title, list, close);
  dialog.showModal();
}

export function startKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.('input, textarea, select, [contenteditable="true"], dialog, .dropdown-menu')) return;
    const deed = DEEDS[event.key];
    if (!deed || (event.key !== 'j' && event.key !== 'k' && event.repeat)) return;
    event.preventDefault();
    deed();
  });
}
