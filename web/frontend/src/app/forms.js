// Forms: what was typed is kept on the server while typing; fields that depend on others are asked for again; a form that
// was changed and not sent warns before it is left; sending twice sends once.
import { ask, unsaved } from './ask.js';
import { say } from './words.js';

const QUIET_MS = 1500;

/** `asked` is called with the fields that were asked for again: what lives in them has to be started. */
export function startForms(root, asked) {
  for (const form of root.querySelectorAll('form[data-draft], form[data-watch]')) if (!form.dataset.started) start(form, asked);
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

function start(form, asked) {
  form.dataset.started = '1';
  const note = form.querySelector('[data-saved]');
  let timer;
  let changed = false;
  const save = async () => {
    try {
      const answer = await ask(form.dataset.draft, fieldsOf(form), { accept: 'application/json' });
      if (!answer.ok) throw new Error(String(answer.status));
      const { at } = await answer.json();
      changed = false;
      if (note) note.textContent = say('saved', { time: at });
    } catch (error) {
      if (note) note.textContent = unsaved(error);
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
    if (form.dataset.refresh && event.target.closest('[data-decides]')) refresh(form, event.target, asked);
  });
  form.addEventListener('submit', () => { changed = false; clearTimeout(timer); });
  window.addEventListener('beforeunload', (event) => { if (changed && form.isConnected) event.preventDefault(); });
}

const asking = new WeakMap(); // the form's question under way, so that a newer one can call it back

/**
 * Ask for the fields again with what stands in them now. The answer is put in at one stroke: what was typed since the
 * question, files, and the focus stay, and there is no moment in which the form could be sent without them. Until then the
 * fields are marked busy.
 */
async function refresh(form, field, asked) {
  asking.get(form)?.abort();
  const question = new AbortController();
  asking.set(form, question);
  const { signal } = question;
  const target = form.querySelector('[data-fields]');
  const meanwhile = new Map();
  let focused = field.id;
  target.setAttribute('aria-busy', 'true');
  target.addEventListener('input', ({ target: { id, type, value, checked } }) => { if (id && type !== 'file') meanwhile.set(id, { value, checked }); }, { signal });
  target.addEventListener('focusin', (event) => { focused = event.target.id; }, { signal });
  try {
    const answer = await ask(form.dataset.refresh, fieldsOf(form), { signal });
    if (!answer.ok) throw new Error(String(answer.status));
    putIn(target, await answer.text(), meanwhile);
    document.getElementById(focused)?.focus({ preventScroll: true });
    asked(target);
  } catch (error) {
    if (!signal.aborted) form.querySelector('[data-saved]')?.replaceChildren(unsaved(error));
  } finally {
    question.abort(); // its listeners go with it
    if (asking.get(form) === question) target.removeAttribute('aria-busy');
  }
}

function putIn(target, fields, meanwhile) {
  const uploads = [...target.querySelectorAll('[data-upload]')];
  target.innerHTML = fields;
  for (const kept of uploads) target.querySelector(`[data-upload="${CSS.escape(kept.dataset.upload)}"]`)?.replaceWith(kept);
  for (const [id, { value, checked }] of meanwhile) {
    const fresh = document.getElementById(id);
    if (fresh) Object.assign(fresh, ['checkbox', 'radio'].includes(fresh.type) ? { checked } : { value });
  }
}

function fieldsOf(form) {
  const body = new FormData(form);
  for (const [name, value] of [...body.entries()]) if (value instanceof File) body.delete(name);
  return body;
}
