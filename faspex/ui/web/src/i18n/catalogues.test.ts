// page-97: each language has the same keys, and every text of a component comes from a catalogue.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { languages } from './languages';

const root = join(import.meta.dirname, '..');
const locales = join(root, 'locales');

type Tree = { [key: string]: string | Tree };

/** The keys of a catalogue. Languages differ in their plural forms, so that these count as one key. */
function keys(tree: Tree, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [prefix + key.replace(/_(zero|one|two|few|many|other)$/, '')] : keys(value, `${prefix}${key}.`),
  );
}

function places(text: string): string[] {
  return [...text.matchAll(/\{\{\s*(\w+)|<(\/?\w+)>/g)].map((match) => match[1] ?? match[2] ?? '').sort();
}

function texts(tree: Tree, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] => (typeof value === 'string' ? [[prefix + key, value]] : texts(value, `${prefix}${key}.`)));
}

const read = (language: string, file: string) => JSON.parse(readFileSync(join(locales, language, file), 'utf8')) as Tree;
const files = readdirSync(join(locales, 'en'));

describe('catalogues', () => {
  const folders = [...new Set(languages.map(({ catalogue }) => catalogue))].filter((folder) => folder !== 'en');
  it.each(folders.flatMap((language) => files.map((file) => [language, file])))('%s/%s has the keys of English', (language, file) => {
    expect([...new Set(keys(read(language as string, file as string)))].sort()).toEqual([...new Set(keys(read('en', file as string)))].sort());
  });
  it.each(folders.flatMap((language) => files.map((file) => [language, file])))('%s/%s has the places for values of English', (language, file) => {
    const english = new Map(texts(read('en', file as string)));
    for (const [key, text] of texts(read(language as string, file as string))) {
      const original = english.get(key) ?? english.get(key.replace(/_\w+$/, '_other'));
      expect([key, places(text)]).toEqual([key, places(original ?? '')]);
    }
  });
  it.each(folders)('%s has no catalogue that English lacks', (language) => {
    expect(readdirSync(join(locales, language)).sort()).toEqual([...files].sort());
  });
});

// Attributes whose text a person reads or hears.
const spoken = /^(alt|title|placeholder|subtitle|caption|description|heading|text|label|aria-?label|aria-?description|aria-?roledescription)$|(Text|Label|Heading|Title|Description|Feedback)$/i;
const letters = /\p{L}{2,}/u;

/** Literal texts in a component: between tags, or in an attribute that is shown or spoken. */
export function literals(name: string, source: string): string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const report = (node: ts.Node, text: string) => {
    if (letters.test(text)) found.push(`${name}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${text.trim()}`);
  };
  // The texts that an expression can come to: through conditions, `??`, `||`, templates and parentheses.
  const inExpression = (node: ts.Node) => {
    if (ts.isStringLiteralLike(node)) report(node, node.text);
    else if (ts.isTemplateExpression(node)) {
      report(node, node.head.text + node.templateSpans.map((span) => span.literal.text).join(' '));
    } else if (ts.isConditionalExpression(node)) {
      inExpression(node.whenTrue);
      inExpression(node.whenFalse);
    } else if (ts.isBinaryExpression(node)) {
      if (node.operatorToken.kind === ts.SyntaxKind.PlusToken || node.operatorToken.kind === ts.SyntaxKind.BarBarToken || node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) inExpression(node.left);
      inExpression(node.right);
    } else if (ts.isParenthesizedExpression(node)) inExpression(node.expression);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) report(node, node.text);
    else if (ts.isJsxExpression(node) && node.expression && ts.isJsxElement(node.parent)) inExpression(node.expression);
    else if (ts.isJsxAttribute(node) && spoken.test(node.name.getText()) && node.initializer) {
      inExpression(ts.isJsxExpression(node.initializer) && node.initializer.expression ? node.initializer.expression : node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

const components = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx') && !name.endsWith('.test.tsx'));

describe('components', () => {
  it.each([
    ['<p>Hello there</p>', 1],
    ['<p>{done ? "Done now" : t("x")}</p>', 1],
    ['<Button iconDescription={`Remove ${name}`} />', 1],
    ['<Field labelText={title || "Title"} />', 1],
    ['<div className="page main" id="main">{t("key.word")} · –</div>', 0],
  ])('the check finds what is a literal in %s', (source, count) => {
    expect(literals('x.tsx', source)).toHaveLength(count);
  });
  it('there are some', () => expect(components.length).toBeGreaterThan(10));
  it.each(components)('%s has no literal text', (name) => {
    expect(literals(relative(root, join(root, name)), readFileSync(join(root, name), 'utf8'))).toEqual([]);
  });
});
