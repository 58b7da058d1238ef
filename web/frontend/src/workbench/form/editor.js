// The form editor: form-js with our own components; the preview beside it is the server's own rendering, exactly as the
// clerk will see it.
import { FormEditor } from '@bpmn-io/form-js-editor';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor.css';
import './form.css';
import { language } from '../../shared/page.js';
import { translateInside } from '../../shared/dom-words.js';
import { call } from '../api.js';
import { say } from '../words/index.js';
import formWords from '../words/form.js';
import ownFields from './fields.js';

export class FormFileEditor {
  constructor(place, workbench) {
    this.workbench = workbench;
    this.host = make('div', 'cl-form-host');
    this.preview = make('div', 'cl-form-preview');
    this.preview.hidden = true;
    place.append(this.host, this.preview);
    this.editor = new FormEditor({ container: this.host, additionalModules: [ownFields] });
    this.editor.on('changed', () => { if (this.loaded) this.workbench.changed(); });
    if (language() === 'zh') {
      const own = '.fjs-form-field-label, .cm-editor, .fjs-form-field-text, .fjs-properties-panel-placeholder-none';
      const others = translateInside(this.host, formWords.exact, { patterns: formWords.patterns, except: `${own}, .fjs-form-container` });
      const placeholders = translateInside(this.host, { Select: '请选择', Search: '搜索', Year: '年', 'yyyy/mm/dd': '年/月/日' }, { only: '.fjs-select-placeholder, .fjs-form-container input' });
      this.stopTranslating = () => { others(); placeholders(); };
    }
  }

  async load(text) {
    const { warnings } = await this.editor.importSchema(JSON.parse(text));
    setTimeout(() => { this.loaded = true; });
    return warnings.map(String);
  }

  async save() {
    return `${JSON.stringify(this.editor.saveSchema(), null, 2)}\n`;
  }

  /** Show or hide what the clerk will see. */
  async togglePreview() {
    const shown = this.preview.hidden;
    if (shown) {
      const { html } = await call('POST', this.workbench.urls.preview, { schema: this.editor.saveSchema() });
      const holder = new DOMParser().parseFromString(html, 'text/html');
      this.preview.replaceChildren(...holder.body.childNodes);
    }
    this.preview.hidden = !shown;
    this.host.hidden = shown;
    return shown;
  }

  showProblems() {} // listed below the editor

  reveal(problem) {
    const field = this.host.querySelector(`[data-id="${CSS.escape(problem.element_id)}"]`);
    field?.click();
    field?.scrollIntoView({ block: 'center' });
    return Boolean(field);
  }

  destroy() {
    this.stopTranslating?.();
    this.editor.destroy();
  }
}

function make(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
