// The files of a draft as tabs; those taken out stay in the row, struck through, and can be put back.
import { say } from './words/index.js';

const KINDS = { bpmn: 'Diagram', dmn: 'Decision', form: 'Form', scenario: 'Scenarios' };

export function tabs(files, current, show) {
  return files.map((file) => {
    const item = document.createElement('li');
    item.className = 'nav-item';
    const button = document.createElement('button');
    button.type = 'button';
    const active = file.path === current?.path;
    button.className = `nav-link${active ? ' active' : ''}${file.taken_out ? ' cl-taken-out' : ''}`;
    if (active) button.setAttribute('aria-current', 'true');
    if (file.taken_out) button.title = say('Taken out of the draft; a click puts it back');
    button.dataset.path = file.path;
    const kind = document.createElement('span');
    kind.className = 'cl-file-kind';
    kind.textContent = say(KINDS[file.kind]);
    button.append(kind, ` ${file.name}`);
    button.addEventListener('click', () => { show(file); });
    item.append(button);
    return item;
  });
}
