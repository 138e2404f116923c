import { expect, test } from 'vitest';
import { emptySelection, merge, rootsOf, type Selection, without } from './selection';

function selection(paths: string[], folders: string[] = []): Selection {
  const files = new Map(paths.map((path) => [path, new File(['123'], path.split('/').at(-1)!, { lastModified: 1 })]));
  return {
    files: paths.map((path) => ({ path, size: 3, modified: 1 })),
    folders,
    given: { handles: [], files },
  };
}

test('roots are listed with what they hold', () => {
  expect(rootsOf(selection(['b.txt', 'a/1', 'a/x/2'], ['a', 'a/x', 'empty']))).toEqual([
    { name: 'a', isFolder: true, files: 2, bytes: 6 },
    { name: 'b.txt', isFolder: false, files: 1, bytes: 3 },
    { name: 'empty', isFolder: true, files: 0, bytes: 0 },
  ]);
});

test('what was chosen twice under one name keeps both, each with its own name', () => {
  const both = merge(merge(emptySelection, selection(['report.pdf', 'a/1'], ['a'])), selection(['report.pdf', 'a/2'], ['a']));
  expect(both.files.map(({ path }) => path)).toEqual(['report.pdf', 'a/1', 'report (2).pdf', 'a (2)/2']);
  expect(both.folders).toEqual(['a', 'a (2)']);
  expect([...both.given.files.keys()]).toEqual(['report.pdf', 'a/1', 'report (2).pdf', 'a (2)/2']);
});

test('taking away a root takes what is below it and nothing that only begins like it', () => {
  const rest = without(selection(['a/1', 'a.txt', 'ab/2'], ['a', 'a/x', 'ab']), 'a');
  expect(rest.files.map(({ path }) => path)).toEqual(['a.txt', 'ab/2']);
  expect(rest.folders).toEqual(['ab']);
});
