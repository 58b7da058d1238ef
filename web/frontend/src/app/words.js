// The page's words for what scripts say; in the reader's language.
import { pageData } from '../shared/page.js';

const words = pageData('page-words') || {};

/** A sentence, its {names} filled. */
export const say = (name, facts = {}) => Object.entries(facts).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name] || name);
