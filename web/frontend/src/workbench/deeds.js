// What one does with the files of a draft: make a new one, take one out or put it back, go back to a version, settle two
// people's saves, run the scenarios and draw what they passed.
import { call } from './api.js';
import { ask, choose, confirmed } from './dialogs.js';
import { say } from './words/index.js';

const NEW = { process: 'Diagram', decision: 'Decision', form: 'Form', scenario: 'Scenarios' };

export async function newFile(workbench) {
  const kind = await choose(say('What kind of file?'), Object.entries(NEW).map(([value, label]) => ({ value, label: say(label) })));
  if (kind) await create(workbench, kind, () => workbench.show(workbench.files.at(-1).path));
}

/** Make a new form, decision, process or scenario in this draft and hand its id to `then`. */
export async function create(workbench, kind, then) {
  const name = await ask(say('Id of the new file (lower-case letters, digits, _)'), /^[a-z][a-z0-9_]{0,63}$/);
  if (!name) return;
  const made = await workbench.refused(() => call('POST', workbench.urls.create, { kind, name }));
  if (!made) return;
  workbench.files.push(made.file);
  workbench.config = { ...workbench.config, choices: made.choices, places: made.places };
  workbench.listFiles();
  then(name);
  workbench.changed();
}

/** Out of the draft: publishing it takes what the file holds out of use. Its versions stay. */
export async function takeOut(workbench) {
  const { file, keeper } = workbench.current;
  const question = say('Take {name} out of the draft? When the draft is published, nothing new begins with what it holds; its versions stay here.', { name: file.name });
  if (!await confirmed(question)) return;
  await keeper.save();
  const answer = await workbench.refused(() => call('POST', workbench.urls.take_out, { path: file.path, revision: file.revision }));
  if (!answer) return;
  Object.assign(file, { taken_out: true, revision: answer.revision });
  workbench.close(file.path);
  const next = workbench.files.find((each) => !each.taken_out);
  if (next) await workbench.show(next.path);
  workbench.listFiles();
  workbench.check();
}

export async function putBack(workbench, file) {
  if (!await confirmed(say('Put {name} back into the draft?', { name: file.name }))) return;
  const { revisions } = await call('GET', `${workbench.urls.revisions}?path=${encodeURIComponent(file.path)}`);
  const before = revisions.find((each) => each.has_content);
  const answer = before && await workbench.refused(() => call('POST', workbench.urls.restore, { path: file.path, revision: before.revision }));
  if (!answer) return;
  Object.assign(file, { taken_out: false, revision: answer.revision });
  await workbench.show(file.path);
  workbench.check();
}

export async function versions(workbench) {
  const { file, keeper } = workbench.current;
  await keeper.save();
  const { revisions } = await call('GET', `${workbench.urls.revisions}?path=${encodeURIComponent(file.path)}`);
  const choices = revisions.filter((each) => each.has_content).map((each) => ({ value: each.revision, label: `${each.revision} · ${each.saved_at} · ${each.saved_by} ${each.note}` }));
  const wanted = await choose(say('Go back to which version of {name}?', { name: file.name }), choices);
  if (!wanted) return;
  await workbench.refused(() => call('POST', workbench.urls.restore, { path: file.path, revision: wanted }));
  await workbench.reload(file);
  workbench.check();
}

/** Two people saved: show both ways out; neither version is lost. What was refused for another reason is only told. */
export async function settle(workbench, file, refusal) {
  const { keeper, editor } = workbench.opened.get(file.path);
  if ((await workbench.fetchFile(file.path)).revision === file.revision) {
    keeper.tell('failed', refusal);
    return;
  }
  const answer = await choose(say('{name} was saved by somebody else while you were editing it. Both versions are kept in the list of versions.', { name: file.name }), [
    { value: 'mine', label: say('Go on with mine') }, { value: 'theirs', label: say('Go on with theirs') },
  ]);
  if (answer === 'mine') await keeper.overwrite((await workbench.fetchFile(file.path)).revision);
  if (answer !== 'theirs') return;
  const mine = await editor.save();
  await workbench.refused(() => call('POST', workbench.urls.keep, { path: file.path, content: mine }));
  keeper.forget();
  keeper.tell('saved');
  await workbench.reload(file);
}

export async function runScenarios(workbench) {
  await workbench.current?.keeper.save();
  const place = workbench.part('outcomes');
  place.hidden = false;
  const ring = element('span', 'spinner-border spinner-border-sm me-1');
  ring.setAttribute('aria-hidden', 'true');
  place.replaceChildren(ring, say('Running the scenarios …'));
  const answer = await workbench.refused(() => call('POST', workbench.urls.scenarios));
  place.hidden = !answer;
  if (!answer) return;
  workbench.passed = answer.passed;
  place.replaceChildren(...answer.outcomes.map((outcome) => {
    const item = element('div', `cl-outcome cl-outcome-${outcome.failure ? 'red' : 'green'}`);
    item.textContent = `${outcome.failure ? '✕' : '✓'} ${outcome.name}${outcome.failure ? `: ${outcome.failure}` : ''}`;
    return item;
  }));
  if (!answer.outcomes.length) place.textContent = say('There are no scenarios yet.');
}

/** Which elements the scenarios pass, on the diagram. */
export async function coverage(workbench, button) {
  const shown = button.getAttribute('aria-pressed') !== 'true';
  if (shown && !workbench.passed) await runScenarios(workbench);
  button.setAttribute('aria-pressed', String(shown));
  workbench.current.editor.showCoverage?.(shown ? Object.assign({}, ...Object.values(workbench.passed || {})) : null);
}

function element(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
