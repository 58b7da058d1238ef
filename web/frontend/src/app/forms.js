// Forms: what was typed is kept on the server while typing; fields that depend on others are asked for again; a form that
// was changed and not sent warns before it is left; sending twice sends once.
import htmx from 'htmx.org';
import { csrfToken } from '../shared/page.js';
import { say } from './words.js';

const QUIET_MS = 1500;

export function startForms(root) {
  for (const form of root.querySelectorAll('form[data-draft], form[data-watch]')) if (!form.dataset.started) start(form);
  for (const form of root.querySelectorAll('form[data-once]')) {
    if (form.dataset.once === 'on') continue;
    form.dataset.once = 'on';
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent && !event.submitter?.formNoValidate) { event.preventDefault(); return; }
      if (!event.submitter?.formNoValidate) {
        form.dataset.sent = '1';
        // Given back after a while: a page that came back from the browser's history must be usable.
        setTimeout(() => { delete form.dataset.sent; }, 8000);
      }
    });
  }
  for (const box of root.querySelectorAll('[data-errors]')) if (!box.dataset.seen) { box.dataset.seen = '1'; box.focus(); }
}

function start(form) {
  form.dataset.started = '1';
  const note = form.querySelector('[data-saved]');
  let timer;
  let changed = false;
  const save = async () => {
    const body = new FormData(form);
    for (const [name, value] of [...body.entries()]) if (value instanceof File) body.delete(name);
    try {
      const answer = await fetch(form.dataset.draft, { method: 'POST', body, headers: { 'X-CSRFToken': csrfToken(), Accept: 'application/json' } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { at } = await answer.json();
      changed = false;
      if (note) note.textContent = say('saved', { time: at });
    } catch {
      if (note) note.textContent = say('not_saved');
    }
  };
  const typed = (event) => {
    if (event.target.type === 'file') return;
    changed = true;
    if (!form.dataset.draft) return;
    clearTimeout(timer);
    timer = setTimeout(save, QUIET_MS);
  };
  form.addEventListener('input', typed);
  form.addEventListener('change', (event) => {
    typed(event);
    if (form.dataset.refresh && event.target.closest('[data-decides]')) refresh(form, event.target);
  });
  form.addEventListener('submit', () => { changed = false; clearTimeout(timer); });
  window.addEventListener('beforeunload', (event) => { if (changed && form.isConnected) event.preventDefault(); });
}

/** Ask for the fields again with what stands in them now; what is typed meanwhile and the focus stay. */
async function refresh(form, field) {
  const target = form.querySelector('[data-fields]');
  const meanwhile = new Map();
  let focused = field.id;
  const typed = ({ target: { id, type, value, checked } }) => { if (id && type !== 'file') meanwhile.set(id, { value, checked }); };
  const moved = (event) => { focused = event.target.id; };
  target.addEventListener('input', typed);
  target.addEventListener('focusin', moved);
  await htmx.ajax('POST', form.dataset.refresh, { source: form, target, swap: 'innerHTML', values: {} });
  target.removeEventListener('input', typed);
  target.removeEventListener('focusin', moved);
  for (const [id, kept] of meanwhile) {
    const fresh = document.getElementById(id);
    if (fresh) Object.assign(fresh, fresh.type === 'checkbox' || fresh.type === 'radio' ? { checked: kept.checked } : { value: kept.value });
  }
  document.getElementById(focused)?.focus({ preventScroll: true });
}
