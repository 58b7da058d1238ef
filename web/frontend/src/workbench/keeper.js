// Keeps one file: saves some time after the last change, never over another person's save, and holds what could not be
// saved in the browser, so that a crash or a lost line loses nothing. What may pass later is tried again.
import { call, mayPass } from './api.js';

const QUIET = 1500; // ms without a change before a save
const AGAIN = 10000; // ms before a save that did not get through is tried again

export class Keeper {
  /** `told` hears 'saved', 'changed', 'saving', 'conflict', 'failed' with details. */
  constructor(file, address, read, told) {
    Object.assign(this, { file, address, read, told });
    this.key = `cityloop-draft:${address}:${file.path}`;
    this.state = 'saved';
  }

  changed() {
    this.tell('changed');
    this.later(QUIET);
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.save(); }, wait);
  }

  /** Save, and what was changed meanwhile too. */
  async save() {
    clearTimeout(this.timer);
    if (this.saving) {
      await this.saving;
      if (this.state !== 'changed') return;
    }
    if (this.state === 'saved' || this.state === 'conflict') return;
    this.saving ||= this.send().finally(() => { this.saving = null; });
    await this.saving;
  }

  async send() {
    try {
      const content = await this.read();
      this.remember(content);
      this.tell('saving');
      const { revision } = await call('POST', this.address, { path: this.file.path, content, revision: this.file.revision });
      this.file.revision = revision;
      this.file.content = content;
      if (this.state === 'saving') this.tell('saved');
      this.forget();
    } catch (error) {
      this.tell(error.status === 409 ? 'conflict' : 'failed', error);
      if (mayPass(error)) this.later(AGAIN);
    }
  }

  /** Save over the other person's version; theirs stays in the list of versions. */
  async overwrite(revision) {
    this.file.revision = revision;
    this.state = 'changed';
    await this.save();
  }

  /** Take up what `leftover` found. It began from an earlier revision: who saved since then is not written over. */
  takeUp(kept) {
    this.file.revision = kept.revision;
    this.changed();
  }

  remember(content) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ content, revision: this.file.revision, at: new Date().toISOString() }));
    } catch {
      // No room or no permission: the server's copy is the one that counts.
    }
  }

  forget() {
    localStorage.removeItem(this.key);
  }

  /** What an earlier visit could not save, if it differs from what the server has. */
  leftover() {
    const kept = JSON.parse(localStorage.getItem(this.key) || 'null');
    return kept && kept.content !== this.file.content ? kept : null;
  }

  tell(state, details) {
    this.state = state;
    this.told(state, details);
  }
}
