// The parts the table view is made of: labelled fields, choice lists, lists of two columns, buttons.
import { say } from '../words/index.js';
import { offers } from './fields.js';

export function make(tag, className = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  return made;
}

export function line(content, className = '') {
  const made = make('div', className);
  made.textContent = content;
  return made;
}

export function button(label, deed, described = '') {
  const made = make('button', 'btn btn-sm btn-outline-secondary');
  made.type = 'button';
  made.textContent = label;
  if (described) made.setAttribute('aria-label', described);
  made.addEventListener('click', deed);
  return made;
}

/** A line or an area of text. */
export function text({ lines, hint }, value) {
  const control = make(lines ? 'textarea' : 'input', 'form-control form-control-sm');
  if (lines) control.rows = 2;
  if (hint) control.placeholder = say(hint);
  control.value = value;
  return control;
}

/** A choice list; where an expression may stand, it offers one. */
export function select(field, value, choices) {
  const control = make('select', 'form-select form-select-sm');
  const worded = choices.map((choice) => ({ ...choice, label: choice.translate ? say(choice.label) : choice.label }));
  const none = field.always ? [] : [{ value: '', label: say('<none>') }];
  const expression = field.feel ? [{ value: '=', label: say('Expression …') }] : [];
  for (const choice of [...none, ...offers(field, value, worded), ...expression]) {
    control.append(new Option(choice.label, choice.value, false, choice.value === value));
  }
  return control;
}

/** A list of things to do: `fill` answers them ({label, deed}) when somebody comes to it, so that a long table is quick. */
export function menu(label, fill) {
  const control = make('select', 'form-select form-select-sm');
  control.setAttribute('aria-label', label);
  control.append(new Option(label, ''));
  let offered = [];
  control.addEventListener('focus', () => {
    if (offered.length) return;
    offered = fill();
    offered.forEach((each, place) => control.append(new Option(each.label, place)));
  });
  control.addEventListener('change', () => { if (control.value !== '') offered[control.value].deed(); });
  return control;
}

/** Rows of two columns with a button to remove each and one to add; `changed` gets all rows. */
export function pairList(name, words, rows, changed) {
  const place = make('fieldset', 'cl-table-pairs');
  const legend = make('legend', 'small');
  legend.textContent = name;
  place.append(legend);
  const values = () => [...place.querySelectorAll('.cl-table-pair')].map((row) => [...row.querySelectorAll('input')].map((each) => each.value.trim()));
  rows.forEach((row, number) => {
    const shown = make('div', 'cl-table-pair');
    shown.append(...words.map((word, column) => {
      const control = text({}, row[column]);
      control.setAttribute('aria-label', `${name} ${number + 1}: ${say(word)}`);
      control.placeholder = say(word);
      control.addEventListener('change', () => changed(values(), false));
      return control;
    }), button('✕', () => { shown.remove(); changed(values(), true); }, `${say('Remove')}: ${name} ${number + 1}`));
    place.append(shown);
  });
  place.append(button(say('Add'), () => changed([...values(), ['', '']], true), `${say('Add')}: ${name}`));
  return place;
}
