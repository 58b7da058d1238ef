// The workbench page: files of a draft as tabs, one editor at a time, findings below, saved while one works.
import { pageData } from '../shared/page.js';
import { call, isLoggedOut } from './api.js';
import { DecisionEditor } from './decision/editor.js';
import { DiagramEditor } from './diagram/editor.js';
import { FormFileEditor } from './form/editor.js';
import { Keeper } from './keeper.js';
import { Problems } from './problems.js';
import { ScenarioEditor } from './scenario/editor.js';
import { tabs } from './tabs.js';
import * as deeds from './deeds.js';
import { ask, confirmed, tell } from './dialogs.js';
import { say } from './words/index.js';

const EDITORS = { bpmn: DiagramEditor, dmn: DecisionEditor, form: FormFileEditor, scenario: ScenarioEditor };
const CHECK_AFTER = 900; // ms after the last change

export class Workbench {
  constructor(place) {
    Object.assign(this, pageData('workbench'));
    this.place = place;
    this.part = (name) => place.querySelector(`[data-part="${name}"]`);
    this.opened = new Map(); // path → {file, editor, keeper, place}
    this.problems = new Problems(this.part('problems'), (problem) => this.reveal(problem));
    this.buttons();
  }

  // -- what the editors ask ------------------------------------------------------------------------------------------

  choices() { return this.config.choices; }

  variables() { return this.config.variables; }

  changed() {
    if (!this.editable) {
      this.part('state').textContent = say('Read only: the draft is not being edited');
      return;
    }
    this.current?.keeper.changed();
    clearTimeout(this.checking);
    this.checking = setTimeout(() => { this.look(); }, CHECK_AFTER);
  }

  ask(question, then, pattern) { ask(question, pattern).then((answer) => { if (answer) then(answer); }); }

  /** Open the file that holds a form, decision or process; one of another bundle opens on its own page. */
  open(kind, id) {
    const path = this.config.places[kind]?.[id];
    if (!path) tell(say('{name} is not part of what is published', { name: id }));
    else if (this.files.some((file) => file.path === path)) this.show(path);
    else window.open(`${this.urls.elsewhere}?path=${encodeURIComponent(path)}`, '_blank', 'noopener');
  }

  create(kind, then) { return deeds.create(this, kind, then); }

  // -- files ---------------------------------------------------------------------------------------------------------

  async start() {
    this.listFiles();
    const wanted = decodeURIComponent(window.location.hash.slice(1));
    const there = this.files.filter((file) => !file.taken_out);
    const first = there.find((file) => file.path === wanted) || there.find((file) => file.kind === 'bpmn') || there[0];
    if (first) await this.show(first.path);
    this.place.dataset.ready = 'true';
    this.check();
    window.addEventListener('beforeunload', (event) => {
      if (this.unsaved().length) event.preventDefault();
    });
    // Back on line, or back from logging in: what did not get through is tried again at once.
    for (const back of ['online', 'focus']) window.addEventListener(back, () => { this.saveAll(); });
  }

  unsaved() { return [...this.opened.values()].map(({ keeper }) => keeper).filter((keeper) => keeper.state !== 'saved'); }

  async saveAll() { for (const keeper of this.unsaved()) await keeper.save(); }

  listFiles() {
    const open = (file) => (file.taken_out ? deeds.putBack(this, file) : this.show(file.path));
    this.part('files').replaceChildren(...tabs(this.files, this.current?.file, open));
  }

  /** Forget the editor of a file. */
  close(path) {
    const { editor, place } = this.opened.get(path);
    editor.destroy();
    place.remove();
    this.opened.delete(path);
    if (this.current?.file.path === path) this.current = null;
  }

  /** Show what the server has of a file now. */
  async reload(file) {
    const latest = await this.fetchFile(file.path);
    Object.assign(file, { revision: latest.revision, content: latest.content });
    await this.opened.get(file.path).editor.load(latest.content);
  }

  async show(path) {
    const file = this.files.find((each) => each.path === path);
    await this.current?.keeper.save();
    if (this.current) this.current.place.hidden = true;
    if (!this.opened.has(path)) await this.load(file);
    this.current = this.opened.get(path);
    this.current.place.hidden = false;
    window.history.replaceState(null, '', `#${encodeURIComponent(path)}`);
    this.listFiles();
    this.showState(this.current.keeper.state);
    for (const button of this.place.querySelectorAll('[data-for]')) button.hidden = !button.dataset.for.split(' ').includes(file.kind);
    this.showProblems();
  }

  fetchFile(path) { return call('GET', `${this.urls.file}?path=${encodeURIComponent(path)}`); }

  async load(file) {
    const answer = await this.fetchFile(file.path);
    Object.assign(file, { revision: answer.revision, content: answer.content });
    const place = document.createElement('div');
    place.className = `cl-editor cl-editor-${file.kind}`;
    this.part('editors').append(place);
    const editor = new EDITORS[file.kind](place, this);
    const keeper = new Keeper(file, this.urls.save, () => editor.save(), (state, details) => { this.showState(state, details, file); });
    this.opened.set(file.path, { file, editor, keeper, place });
    const kept = keeper.leftover();
    const restored = kept && await confirmed(say('An earlier visit could not save its last changes to {name}. Take them up again?', { name: file.name }));
    if (kept && !restored) keeper.forget();
    try {
      const lost = await editor.load(restored ? kept.content : file.content);
      if (lost?.length) tell(`${say('Parts of {name} cannot be drawn; saving would lose them', { name: file.name })}:\n${lost.join('\n')}`);
    } catch (error) {
      place.textContent = `${say('This file cannot be shown')}: ${error.message}`;
    }
    if (restored) keeper.takeUp(kept);
  }

  showState(state, details, file = this.current?.file) {
    const words = { saved: 'Saved', changed: 'Changed', saving: 'Saving …', conflict: 'Somebody else saved in between', failed: 'Not saved' };
    const place = this.part('state');
    place.textContent = details && state === 'failed' ? `${say(words.failed)}: ${details.message}` : say(words[state]);
    place.dataset.state = state;
    if (details && isLoggedOut(details)) place.append(' ', loginLink());
    if (state === 'conflict' && details) deeds.settle(this, file, details);
  }

  // -- findings ------------------------------------------------------------------------------------------------------

  /** Check because somebody asks for it: a refusal is told. */
  async check() { await this.refused(() => this.findProblems()); }

  /** Check while somebody works: they are not interrupted by a check that does not get through. */
  async look() {
    try {
      await this.findProblems();
    } catch (error) {
      this.problems.unknown(error.message);
    }
  }

  async findProblems() {
    this.turn = (this.turn || 0) + 1;
    const { turn } = this;
    await this.current?.keeper.save();
    const { problems } = await call('POST', this.urls.check);
    if (turn !== this.turn) return; // a later check is on its way
    this.findings = problems;
    this.showProblems();
  }

  showProblems() {
    if (!this.findings) return;
    this.problems.show(this.findings, this.current?.file.path);
    this.current?.editor.showProblems(this.findings.filter((problem) => problem.file === this.current.file.path));
  }

  async reveal(problem) {
    if (problem.file !== this.current?.file.path && this.files.some((file) => file.path === problem.file)) await this.show(problem.file);
    await this.current?.editor.reveal(problem);
  }

  // -- buttons -------------------------------------------------------------------------------------------------------

  buttons() {
    const on = (deed, then) => this.place.querySelector(`[data-deed="${deed}"]`)?.addEventListener('click', (event) => { then(event.currentTarget); });
    on('check', () => this.check());
    on('table', (button) => button.setAttribute('aria-pressed', String(this.current.editor.toggleTable())));
    on('preview', async (button) => button.setAttribute('aria-pressed', String(await this.refused(() => this.current.editor.togglePreview()))));
    on('new-file', () => deeds.newFile(this));
    on('take-out', () => deeds.takeOut(this));
    on('versions', () => deeds.versions(this));
    on('coverage', (button) => deeds.coverage(this, button));
    on('scenarios', () => deeds.runScenarios(this));
    for (const link of this.place.querySelectorAll('[data-saves]')) {
      link.addEventListener('click', async (event) => {
        if (!this.unsaved().length) return;
        event.preventDefault();
        await this.saveAll();
        if (!this.unsaved().length) window.location.assign(link.href);
      });
    }
    document.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 's') {
        event.preventDefault();
        this.saveAll();
      }
    });
  }

  /** Do `deed`; a refusal is told in the server's words. */
  async refused(deed) {
    try {
      return await deed();
    } catch (error) {
      const fields = (error.problem?.errors || []).map((problem) => problem.detail).join('\n');
      tell([error.message, fields].filter(Boolean).join('\n'));
      return undefined;
    }
  }
}

/** To the login, in another tab: what is not saved stays in this one. */
function loginLink() {
  const link = document.createElement('a');
  Object.assign(link, { href: '/login', target: '_blank', rel: 'noopener', textContent: say('Log in again in another tab') });
  return link;
}
