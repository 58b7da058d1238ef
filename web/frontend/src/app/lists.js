// Selecting rows shows the bar for what can be done with several at once.
import { say } from './words.js';

export function startLists() {
  const form = document.querySelector('[data-bulk]');
  if (!form) return;
  const bar = form.querySelector('.bulk');
  const boxes = () => [...form.querySelectorAll('input[name="task"]')];
  const all = form.querySelector('[data-all]');
  const show = () => {
    const count = boxes().filter((box) => box.checked).length;
    bar.classList.toggle('has-some', count > 0);
    bar.querySelector('[data-count]').textContent = say('selected', { count });
    if (all) { all.checked = count > 0 && count === boxes().length; all.indeterminate = count > 0 && count < boxes().length; }
  };
  form.addEventListener('change', (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  show();
}
