import { describe, expect, it } from 'vitest';
import { type CommandSpec, downloadCommand, folderName, pathsOf, shellQuote, uploadCommand } from './ascp';

const spec: CommandSpec = {
  direction: 'send',
  remote_host: 'node.example.com',
  remote_user: 'xfer',
  ssh_port: 33001,
  fasp_port: 33002,
  token: 'ATB3_abc$',
  cookie: 'faspex:1',
  destination_root: '/default/packages/uuid 1',
};

describe('shellQuote', () => {
  it.each([
    ['plain.txt', 'plain.txt'],
    ['two words', "'two words'"],
    ["it's", "'it'\\''s'"],
    ['$HOME', "'$HOME'"],
    ['-rf', "'-rf'"],
    ['', "''"],
    ['ä', "'ä'"],
  ])('%s', (word, want) => {
    expect(shellQuote(word)).toBe(want);
  });
});

describe('commands', () => {
  it('sends with the token in the environment', () => {
    expect(uploadCommand(spec, ['report.pdf', 'two words', '-odd'])).toBe(
      "ASPERA_SCP_TOKEN='ATB3_abc$' \\\n" +
        '  ASPERA_SCP_COOKIE=faspex:1 \\\n' +
        '  ascp --mode send --host node.example.com --user xfer -P 33001 -O 33002 -d \\\n' +
        "  report.pdf 'two words' ./-odd '/default/packages/uuid 1'",
    );
  });
  it('checks the node by its key', () => {
    expect(uploadCommand({ ...spec, sshfp: 'ab12' }, ['f'])).toContain(' -d --check-sshfp ab12 ');
  });
  it('receives the whole package', () => {
    const { cookie: _, destination_root: __, ...rest } = spec;
    expect(downloadCommand({ ...rest, direction: 'receive', source_root: '/p', paths: [{ source: '.' }] }, './in box')).toBe(
      "ASPERA_SCP_TOKEN='ATB3_abc$' \\\n" +
        '  ascp --mode recv --host node.example.com --user xfer -P 33001 -O 33002 -d \\\n' +
        "  --source-prefix64 L3A= . './in box'",
    );
  });
});

describe('text fields', () => {
  it('reads one path a line', () => {
    expect(pathsOf(' a b \n\nc\r\n')).toEqual(['a b', 'c']);
  });
  it('makes a folder name of a title', () => {
    expect(folderName('Q3 results: final!')).toBe('./Q3-results-final');
    expect(folderName('../..')).toBe('./package');
    expect(folderName('日本')).toBe('./package');
  });
});
