// The workbench's words. English is the source; Chinese comes from the libraries' own translations, completed by ours.
// A word without Chinese is kept in `missing`: a browser test walks through the editors and asserts that it stays empty.
import core from 'bpmn-js-i18n/translations/zn.js';
import bpmnJs from 'bpmn-js-i18n-zh/lib/bpmn-js/index.js';
import panel from 'bpmn-js-i18n-zh/lib/properties-panel/index.js';
import zeebePanel from 'bpmn-js-i18n-zh/lib/zeebe-properties-panel/index.js';
import camundaPanel from 'bpmn-js-i18n-zh/lib/camunda-properties-panel/index.js';
import { language } from '../../shared/page.js';
import { missing } from '../../shared/dom-words.js';
import decision from './decision.js';
import own from './zh.js';

const dictionary = { ...core, ...camundaPanel, ...bpmnJs, ...panel, ...zeebePanel, ...own };
const chinese = language() === 'zh';

const sayer = (words) => (text, facts) => {
  let said = text;
  if (chinese && text && /[A-Za-z]{2}/.test(text)) {
    const bare = text.trim();
    if (text in words) said = words[text];
    else if (bare in words) said = text.replace(bare, words[bare]);
    else if (!/[\u4e00-\u9fff]/.test(text)) missing.add(text);
  }
  return said?.replace?.(/{([^}]+)}/g, (whole, name) => facts?.[name] ?? whole) ?? said;
};

/** `text` in the page's language, `{facts}` filled in. */
export const say = sayer(dictionary);

export { missing };
export const translateModule = { translate: ['value', say] };
export const decisionModule = { translate: ['value', sayer({ ...core, ...decision.exact })] };
