// Chinese for what the editor says without a translation hook: exact texts, and patterns with a number or a name in them.
export default {
  exact: {},
  patterns: [],
};
