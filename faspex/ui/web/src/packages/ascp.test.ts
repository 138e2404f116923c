import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type CommandSpec, downloadCommand, folderName, likelyShell, pathsOf, uploadCommand } from './ascp';

const spec: CommandSpec = {
  remote_host: 'node.example.com',
  remote_user: 'xfer',
  ssh_port: 33001,
  fasp_port: 33002,
  token: 'ATB3_abc$',
  cookie: 'faspex:1',
  destination_root: '/default/packages/uuid 1',
};

describe('commands for bash', () => {
  it('send with the token in the environment', () => {
    expect(uploadCommand('bash', spec, ['report.pdf', 'two words', '-odd'])).toBe(
      "ASPERA_SCP_TOKEN='ATB3_abc$' \\\n" +
        '  ASPERA_SCP_COOKIE=faspex:1 \\\n' +
        '  ascp --mode send --host node.example.com --user xfer -P 33001 -O 33002 -d \\\n' +
        "  report.pdf 'two words' ./-odd '/default/packages/uuid 1'",
    );
  });
  it('receive the whole package', () => {
    const { cookie: _, destination_root: __, ...rest } = spec;
    expect(downloadCommand('bash', { ...rest, source_root: '/p', paths: [{ source: '.' }] }, 'in box')).toBe(
      "ASPERA_SCP_TOKEN='ATB3_abc$' \\\n" +
        '  ascp --mode recv --host node.example.com --user xfer -P 33001 -O 33002 -d --source-prefix64 L3A= \\\n' +
        "  . 'in box'",
    );
  });
  it.each(["it's", 'a "b" $HOME `x` !', '~root', 'back\\slash', '*.txt', '%PATH%', 'new\tline'])('keep %j as one word', (name) => {
    const text = uploadCommand('bash', { ...spec, destination_root: '/d' }, [name]).replace(/^[^]*ascp --mode.*\n/, "printf '%s\\0' ");
    expect(execFileSync('bash', ['-c', text], { encoding: 'utf8' }).split('\0').slice(0, 2)).toEqual([name, '/d']);
  });
});

describe('commands for Windows', () => {
  it('set the token for PowerShell', () => {
    expect(uploadCommand('powershell', spec, ["it's", '50% of "a"', 'C:\\in box\\'])).toBe(
      "$env:ASPERA_SCP_TOKEN = 'ATB3_abc$'\n" +
        "$env:ASPERA_SCP_COOKIE = 'faspex:1'\n" +
        'ascp --mode send --host node.example.com --user xfer -P 33001 -O 33002 -d `\n' +
        "  'it''s' '50% of \\\"a\\\"' 'C:\\in box\\\\' '/default/packages/uuid 1'",
    );
  });
  it('set the token for cmd', () => {
    expect(uploadCommand('cmd', spec, ["it's", '50% of "a"', 'C:\\in box\\'])).toBe(
      'set "ASPERA_SCP_TOKEN=ATB3_abc$"\n' +
        'set "ASPERA_SCP_COOKIE=faspex:1"\n' +
        'ascp --mode send --host node.example.com --user xfer -P 33001 -O 33002 -d ^\n' +
        '  "it\'s" "50"^%" of \\"a\\"" "C:\\in box\\\\" "/default/packages/uuid 1"',
    );
  });
});

describe('what a command is made of', () => {
  it('takes one path of each line', () => expect(pathsOf(' a \n\n b c\n')).toEqual(['a', 'b c']));
  it.each([
    ['Dailies, day 14', './Dailies-day-14'],
    ['../../etc', './etc'],
    ['日本', './package'],
  ])('names a folder for %j', (title, want) => expect(folderName(title)).toBe(want));
  it.each([
    ['Win32', 'powershell'],
    ['MacIntel', 'bash'],
    ['Linux x86_64', 'bash'],
  ])('guesses the shell of %s', (platform, want) => expect(likelyShell(platform)).toBe(want));
});
