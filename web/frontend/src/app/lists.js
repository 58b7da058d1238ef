// Selecting rows shows the bar for what can be done with several at once.
import { say } from './words.js';

export function startLists() {
  const bar = document.querySelector('.views');
  const here = bar?.querySelector('[aria-current]');
  if (here && bar.scrollWidth > bar.clientWidth) bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
  const form = document.querySelector('[data-bulk]');
  const deeds = form?.querySelector('.bulk');
  if (!deeds) return;
  const boxes = () => [...form.querySelectorAll('input[name="task"]')];
  const all = form.querySelector('[data-all]');
  const show = () => {
    const count = boxes().filter((box) => box.checked).length;
    deeds.classList.toggle('has-some', count > 0);
    deeds.querySelector('[data-count]').textContent = say('selected', { count });
    if (all) { all.checked = count > 0 && count === boxes().length; all.indeterminate = count > 0 && count < boxes().length; }
  };
  form.addEventListener('change', (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  show();
}
