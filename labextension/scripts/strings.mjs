/*
 * Prints every string that the sources under a folder show to people, as JSON, read by TypeScript's own parser.
 *
 * `strings`: what passes through the translator: { id, plural, context, places }.
 * `faults`: calls whose text is not written out, so that no catalog can hold it, and texts that pass by the translator.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/* Where each method of a translation bundle takes its texts; what follows them fills the placeholders. */
const METHODS = {
  __: { id: 0 },
  gettext: { id: 0 },
  _n: { id: 0, plural: 1 },
  ngettext: { id: 0, plural: 1 },
  _p: { context: 0, id: 1 },
  pgettext: { context: 0, id: 1 },
  _np: { context: 0, id: 1, plural: 2 },
  npgettext: { context: 0, id: 1, plural: 2 }
};
const SHOWN_ATTRIBUTES = new Set([
  'alt',
  'aria-description',
  'aria-label',
  'aria-roledescription',
  'placeholder',
  'title'
]);
const WORD = /\p{L}{2,}/u;

/** The texts an expression may have: a literal, literals added up, or a choice between them; null where it is computed. */
function texts(node) {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) {
    return texts(node.expression);
  }
  if (ts.isStringLiteralLike(node)) {
    return [node.text];
  }
  if (ts.isConditionalExpression(node)) {
    const [yes, no] = [texts(node.whenTrue), texts(node.whenFalse)];
    return yes && no && [...yes, ...no];
  }
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken
  ) {
    const [left, right] = [texts(node.left), texts(node.right)];
    return left && right && left.flatMap(a => right.map(b => a + b));
  }
  return null;
}

/** Collects what one file shows into `found`. */
function read(path, name, found) {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(
    name,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
    kind
  );
  const place = node =>
    `${name}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
  const fault = (node, what) =>
    found.faults.push(`${place(node)}: ${what}: ${node.getText(source)}`);

  const call = node => {
    const method = METHODS[node.expression.name.text];
    const part = which =>
      method[which] === undefined
        ? ['']
        : texts(node.arguments[method[which]] ?? source);
    const [ids, plurals, contexts] = ['id', 'plural', 'context'].map(part);
    const choices = [ids, plurals, contexts];
    if (choices.includes(null) || (plurals.length > 1 && ids.length > 1)) {
      fault(node, 'no catalog can hold a text that is not written out');
      return;
    }
    for (const context of contexts) {
      for (const plural of plurals) {
        for (const id of ids) {
          found.strings.push({ id, plural, context, place: place(node) });
        }
      }
    }
  };

  const bare = node => {
    if (ts.isJsxText(node)) {
      return WORD.test(node.text);
    }
    if (!ts.isJsxAttribute(node) || !node.initializer) {
      return false;
    }
    const value = ts.isJsxExpression(node.initializer)
      ? node.initializer.expression
      : node.initializer;
    const said = value ? texts(value) : null;
    return (
      SHOWN_ATTRIBUTES.has(node.name.getText(source)) &&
      said !== null &&
      said.some(text => WORD.test(text))
    );
  };

  const visit = node => {
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      Object.hasOwn(METHODS, node.expression.name.text)
    ) {
      call(node);
    } else if (bare(node)) {
      fault(node, 'shown without the translator');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** One entry a string, with every place that shows it, in the order of the texts. */
function merged(strings) {
  const entries = new Map();
  for (const { id, plural, context, place } of strings) {
    const key = JSON.stringify([context, id, plural]);
    const entry = entries.get(key) ?? { id, plural, context, places: [] };
    entry.places.push(place);
    entries.set(key, entry);
  }
  return [...entries.keys()].sort().map(key => entries.get(key));
}

const folder = process.argv[2];
if (!folder) {
  throw new Error('usage: strings.mjs FOLDER');
}
const found = { strings: [], faults: [] };
const files = readdirSync(folder, { recursive: true })
  .map(name => join(folder, name))
  .filter(path => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
  .sort();
for (const path of files) {
  read(path, relative(folder, path).replaceAll('\\', '/'), found);
}
process.stdout.write(
  JSON.stringify(
    { strings: merged(found.strings), faults: found.faults },
    null,
    1
  ) + '\n'
);
