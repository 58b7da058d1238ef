// The list of findings: worst first, those of the open file first; a click or Enter goes to the element.
import { say } from './words/index.js';

export class Problems {
  constructor(place, reveal) {
    this.place = place;
    this.reveal = reveal;
  }

  show(problems, path) {
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    const head = document.createElement('p');
    head.className = 'cl-problems-head';
    head.setAttribute('role', 'status');
    head.textContent = problems.length ? say('Errors: {errors}, warnings: {warnings}', { errors, warnings: problems.length - errors }) : say('Nothing to object: this can run.');
    head.dataset.errors = errors;
    const list = document.createElement('ul');
    list.className = 'cl-problems-list';
    const rank = (problem) => (problem.severity === 'error' ? 0 : 2) + (problem.file === path ? 0 : 1);
    for (const problem of [...problems].sort((a, b) => rank(a) - rank(b))) list.append(this.item(problem, path));
    this.place.replaceChildren(head, list);
  }

  /** The check did not get through: what is listed is of before. */
  unknown(reason) {
    const head = this.place.querySelector('.cl-problems-head');
    if (head) head.textContent = say('Not checked: {reason}', { reason });
  }

  item(problem, path) {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `cl-problem cl-problem-is-${problem.severity}`;
    const place = [problem.file === path ? '' : problem.file, problem.element_name || problem.element_id, problem.line ? say('line {line}', { line: problem.line }) : ''].filter(Boolean).join(' · ');
    const where = document.createElement('strong');
    where.textContent = place;
    button.append(problem.severity === 'error' ? '✕ ' : '! ', where, ` ${problem.text}`);
    button.dataset.code = problem.code;
    button.addEventListener('click', () => { this.reveal(problem); });
    item.append(button);
    return item;
  }
}
