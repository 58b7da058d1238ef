// form-js, dmn-js' controls and the token simulation carry English words without a translation hook. Their text nodes and
// titles are put into the page's language as they appear; words of ours or of the user are never touched, because only
// exact entries of the dictionary are replaced. What looks English and is not in it is kept in `missing` for the tests.

const ATTRIBUTES = ['title', 'aria-label', 'placeholder', 'data-title'];
export const missing = new Set();

// Names and values of the user, not words of the editor: quoted texts, ids with an underscore or a random
// part, our own property of fields, and the line form-js and dmn-js measure fonts with.
const NAMES = /^"|^simulate$|^key\d+$|^abc def |^[\w.]*_[\w.]*$|^(?=.*\d)[0-9a-z]{7}$|[\u4e00-\u9fff]/;

export function translateInside(root, dictionary, { patterns = [], except = '', only = '' } = {}) {
  const say = (text) => {
    const words = text.trim();
    if (!words || !/[A-Za-z]{2}/.test(words)) return null;
    if (words in dictionary) return text.replace(words, dictionary[words]);
    for (const [pattern, replacement] of patterns) if (pattern.test(words)) return text.replace(words, words.replace(pattern, replacement));
    return NAMES.test(words) ? null : undefined;
  };
  const excluded = (node) => {
    const element = node.nodeType === 1 ? node : node.parentElement;
    return Boolean((except && element?.closest(except)) || (only && !element?.closest(only)));
  };
  const visitText = (node) => {
    if (node.parentElement?.closest('script, style, textarea, .cm-editor') || excluded(node)) return;
    const said = say(node.data);
    if (said && said !== node.data) node.data = said;
    if (said === undefined) missing.add(node.data.trim());
  };
  const visitAttributes = (element) => {
    if (excluded(element)) return;
    for (const name of ATTRIBUTES) {
      const value = element.getAttribute(name);
      const said = value && say(value);
      if (said && said !== value) element.setAttribute(name, said);
      else if (said === undefined) missing.add(value.trim());
    }
  };
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE) visitText(node);
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    visitAttributes(node);
    for (const element of node.querySelectorAll(ATTRIBUTES.map((name) => `[${name}]`).join(','))) visitAttributes(element);
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) visitText(walker.currentNode);
  };
  visit(root);
  const observer = new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === 'characterData') visitText(record.target);
      else if (record.type === 'attributes') visitAttributes(record.target);
      else record.addedNodes.forEach(visit);
    }
  });
  observer.observe(root, { childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES, subtree: true });
  return () => observer.disconnect();
}
