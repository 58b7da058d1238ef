// form-js and the token simulation have no translation hook: their own English literals become calls of `word()`, which
// answers in the page's language. The build fails when a literal we count on has vanished upstream.
import { resolve } from 'node:path';
import { LITERALS } from './src/shared/library-words.js';

const WORDS = resolve(import.meta.dirname, 'src/shared/library-words.js');
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export default function translateLiterals() {
  return {
    name: 'cityloop-translate-literals',
    transform(code, id) {
      const library = LITERALS.find(({ file }) => file.test(id.replaceAll('\\', '/')));
      if (!library) return null;
      const vanished = [];
      for (const text of library.words) {
        let found = 0;
        const literal = escape(text).replaceAll("'", "\\\\?'");
        const pattern = new RegExp(`(?<=(?:[\\w"']\\s*[:=]|[=,(?[]|\\|\\||return|:)\\s*)(['"\`])${literal}\\1(?!\\s*:)`, 'g');
        code = code.replace(pattern, (match) => {
          found += 1;
          return `__word(${match})`;
        });
        if (!found) vanished.push(text);
      }
      if (vanished.length) this.error(`${id}: these words are no longer there, so they would stay English: ${vanished.join(' | ')}`);
      return { code: `import { word as __word } from ${JSON.stringify(WORDS)};\n${code}`, map: null };
    },
  };
}
