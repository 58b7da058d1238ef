// Scenarios are text (YAML): an editor of lines, with the outcome of a run beside it.
import { say } from '../words/index.js';
import './scenario.css';

export class ScenarioEditor {
  constructor(place, workbench) {
    this.workbench = workbench;
    this.text = document.createElement('textarea');
    this.text.className = 'cl-scenario form-control font-monospace';
    this.text.spellcheck = false;
    this.text.setAttribute('aria-label', say('Scenario'));
    this.text.addEventListener('input', () => { workbench.changed(); });
    this.text.addEventListener('keydown', (event) => { indent(event, this.text); });
    place.append(this.text);
  }

  async load(text) {
    this.text.value = text;
    return [];
  }

  async save() {
    return this.text.value;
  }

  showProblems() {}

  reveal(problem) {
    if (problem.line) {
      const start = this.text.value.split('\n').slice(0, problem.line - 1).join('\n').length + 1;
      this.text.setSelectionRange(start, start);
    }
    this.text.focus();
    return true;
  }

  destroy() {}
}

/** Enter keeps the indentation; Tab stays free for moving on, as everywhere. */
function indent(event, field) {
  if (event.key !== 'Enter' || event.isComposing) return;
  const before = field.value.slice(0, field.selectionStart);
  const spaces = /^ */.exec(before.slice(before.lastIndexOf('\n') + 1))[0];
  event.preventDefault();
  field.setRangeText(`\n${spaces}`, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new Event('input'));
}
