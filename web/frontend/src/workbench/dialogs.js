// Small questions, as native dialogs: keyboard, focus and Escape come with them.
import { say } from './words/index.js';

function dialog(text, parts, buttons) {
  return new Promise((resolve) => {
    const made = document.createElement('dialog');
    made.className = 'cl-dialog';
    const form = document.createElement('form');
    form.method = 'dialog';
    const words = document.createElement('p');
    words.textContent = text;
    words.className = 'cl-dialog-text';
    const row = document.createElement('div');
    row.className = 'cl-dialog-buttons';
    row.append(...buttons.map(({ value, label, primary }) => {
      const button = document.createElement('button');
      button.value = value;
      button.textContent = label;
      button.className = `btn btn-sm ${primary ? 'btn-primary' : 'btn-outline-secondary'}`;
      if (value === '') button.formNoValidate = true;
      return button;
    }));
    form.append(words, ...parts, row);
    made.append(form);
    made.addEventListener('close', () => {
      made.remove();
      resolve(made.returnValue);
    });
    document.body.append(made);
    made.showModal();
  });
}

const cancel = () => ({ value: '', label: say('Cancel') });

/** A line of text, or '' when cancelled. */
export async function ask(question, pattern) {
  const input = document.createElement('input');
  input.className = 'form-control';
  input.required = true;
  input.autofocus = true;
  input.setAttribute('aria-label', question);
  if (pattern) input.pattern = pattern.source.replace(/^\^|\$$/g, '');
  const answer = await dialog(question, [input], [{ value: 'ok', label: say('OK'), primary: true }, cancel()]);
  return answer === 'ok' ? input.value.trim() : '';
}

/** One of `options` ({value, label}), or '' when cancelled. */
export async function choose(text, options) {
  const list = document.createElement('div');
  list.className = 'cl-dialog-options';
  list.append(...options.map(({ value, label }) => {
    const button = document.createElement('button');
    button.value = value;
    button.textContent = label;
    button.className = 'btn btn-outline-primary text-start';
    return button;
  }));
  return dialog(text, [list], [cancel()]);
}

export const confirmed = async (question) => (await dialog(question, [], [{ value: 'ok', label: say('Yes'), primary: true }, { value: '', label: say('No') }])) === 'ok';

export const tell = (text) => dialog(text, [], [{ value: '', label: say('Close'), primary: true }]);
