/** Which system this is, and what helps there: from facts, for the systems that are not this one. */
import { describe, expect, it } from 'vitest';
import type { SoundSystem } from '../../src/audio/devices/choose.ts';
import { deviceFix, fixesFor, type Problem } from '../../src/commands/doctor/fixes.ts';
import { systemOf, type Seen, type System } from '../../src/commands/doctor/system.ts';
import { CheckPainter } from '../../src/ui/checkLines.ts';

const LINUX: Seen = {
  platform: 'linux',
  release: '6.12.1-generic',
  osRelease: '',
  cgroup: '0::/init.scope\n',
  hasContainerFile: false,
  isRoot: false,
};
const UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n';
const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n';
const FEDORA = "PRETTY_NAME='Fedora Linux 42 (Workstation Edition)'\nID=fedora\n";
const ALMA = 'PRETTY_NAME="AlmaLinux 9.4"\nID="almalinux"\nID_LIKE="rhel centos fedora"\n';
const ARCH = 'PRETTY_NAME="Arch Linux"\nID=arch\n';
const MANJARO = 'PRETTY_NAME="Manjaro Linux"\nID=manjaro\nID_LIKE=arch\n';
const ALPINE = 'PRETTY_NAME="Alpine Linux v3.20"\nID=alpine\n';

const plain = { isWsl: false, isContainer: false, isRoot: false };

describe('the system', () => {
  it.each<[Partial<Seen>, Partial<System>]>([
    [{ osRelease: UBUNTU }, { kind: 'debian', name: 'Ubuntu 24.04.1 LTS', ...plain }],
    [{ osRelease: DEBIAN }, { kind: 'debian', name: 'Debian GNU/Linux 12' }],
    [{ osRelease: FEDORA }, { kind: 'fedora', name: 'Fedora Linux 42' }],
    [{ osRelease: ALMA }, { kind: 'fedora' }],
    [{ osRelease: ARCH }, { kind: 'arch' }],
    [{ osRelease: MANJARO }, { kind: 'arch' }],
    [{ osRelease: ALPINE }, { kind: 'linux', name: 'Alpine Linux v3.20' }],
    [{}, { kind: 'linux', name: 'linux 6.12.1-generic' }],
    [
      { osRelease: UBUNTU, release: '5.15.167.4-microsoft-standard-WSL2' },
      { kind: 'debian', isWsl: true, isContainer: false },
    ],
    [{ osRelease: DEBIAN, hasContainerFile: true }, { isContainer: true }],
    [{ osRelease: DEBIAN, cgroup: '12:pids:/docker/0123\n' }, { isContainer: true }],
    [{ osRelease: DEBIAN, cgroup: '0::/kubepods/besteffort/pod1\n' }, { isContainer: true }],
    [
      { platform: 'darwin', release: '24.1.0' },
      { kind: 'macos', name: 'macOS (Darwin 24.1.0)' },
    ],
    [
      { platform: 'win32', release: '10.0.22631' },
      { kind: 'windows', name: 'Windows 10.0.22631', ...plain },
    ],
  ])('%j', (seen, expected) => {
    expect(systemOf({ ...LINUX, ...seen })).toMatchObject(expected);
  });
});

const SYSTEMS: Record<string, System> = {
  debian: systemOf({ ...LINUX, osRelease: UBUNTU }),
  fedora: systemOf({ ...LINUX, osRelease: FEDORA }),
  arch: systemOf({ ...LINUX, osRelease: ARCH }),
  alpine: systemOf({ ...LINUX, osRelease: ALPINE }),
  macos: systemOf({ ...LINUX, platform: 'darwin' }),
  windows: systemOf({ ...LINUX, platform: 'win32' }),
  wsl: systemOf({ ...LINUX, osRelease: UBUNTU, release: 'microsoft-standard-WSL2' }),
  container: systemOf({ ...LINUX, osRelease: DEBIAN, hasContainerFile: true, isRoot: true }),
};

const first = (problem: Problem, name: string): string => {
  const [fix] = fixesFor(problem, SYSTEMS[name]!);
  return fix === undefined ? '' : 'run' in fix ? fix.run : fix.words;
};

describe('what helps', () => {
  it.each<[Problem, Record<string, string | RegExp>]>([
    [
      'noRecorder',
      {
        debian: 'sudo apt-get install -y pulseaudio-utils',
        fedora: 'sudo dnf install -y pulseaudio-utils',
        arch: 'sudo pacman -S --needed libpulse',
        alpine: /^install parec/,
        macos: 'brew install sox',
        windows: /^winget install/,
        wsl: 'sudo apt-get install -y pulseaudio-utils',
        container: 'apt-get install -y pulseaudio-utils',
      },
    ],
    [
      'noSoundServer',
      {
        debian: /systemctl --user/,
        wsl: /WSLG|wslg/,
        container: /^docker run -v/,
        macos: /coreaudiod/,
      },
    ],
    [
      'deadMicrophone',
      {
        macos: /Privacy_Microphone/,
        windows: /ms-settings:privacy-microphone/,
        wsl: /^cmd\.exe/,
        debian: 'gemlive devices',
      },
    ],
    [
      'unknownAuthority',
      { fedora: /ca-bundle\.crt/, debian: /ca-certificates\.crt/, macos: /security/ },
    ],
    ['wrongClock', { debian: /timedatectl/, windows: /w32tm/, wsl: /hwclock/ }],
    ['noKey', { debian: /^export GEMINI_API_KEY=/, windows: /^setx GEMINI_API_KEY / }],
  ])('against %s', (problem, expected) => {
    for (const [name, line] of Object.entries(expected)) {
      if (typeof line === 'string') expect([name, first(problem, name)]).toEqual([name, line]);
      else expect([name, first(problem, name)]).toEqual([name, expect.stringMatching(line)]);
    }
  });

  it('is there for every trouble, everywhere, and root needs no sudo', () => {
    const problems = `noRecorder noPlayer noSoundServer noDevice noPermission deviceInUse deadMicrophone noNetwork noNameServer
      wrongClock unknownAuthority noKey noGoogleLogin noEars noVoice`;
    for (const problem of problems.split(/\s+/) as Problem[]) {
      for (const name of Object.keys(SYSTEMS))
        expect([problem, name, first(problem, name)]).toEqual([
          problem,
          name,
          expect.stringMatching(/./),
        ]);
      const asRoot = fixesFor(problem, { ...SYSTEMS['debian']!, isRoot: true });
      expect(JSON.stringify(asRoot)).not.toContain('sudo');
    }
  });

  it.each<[SoundSystem | undefined, string, string]>([
    ['pulse', 'pactl set-source-mute usb 0', 'pactl set-sink-volume usb 80%'],
    [
      'pipewire',
      'wpctl set-mute @DEFAULT_AUDIO_SOURCE@ 0',
      'wpctl set-volume @DEFAULT_AUDIO_SINK@ 80%',
    ],
    ['alsa', 'amixer set Capture 80% cap', 'amixer set Master 80% unmute'],
  ])('against a device that is muted or too low, on %s', (system, unmute, louder) => {
    expect(deviceFix('unmute', 'input', system, 'usb')).toEqual({ run: unmute });
    expect(deviceFix('louder', 'output', system, 'usb')).toEqual({ run: louder });
    expect(deviceFix('unmute', 'input', undefined, 'usb')).toHaveProperty('words');
  });
});

describe('lines', () => {
  const check = {
    name: 'recorder',
    status: 'fail',
    summary:
      'no program that records sound was found, \u001b[2Jand the key secret-key-0000 is none',
    more: ['parec: not installed — nor anything else'],
    fix: [
      { run: 'sudo apt-get install -y pulseaudio-utils a-very-long-name-of-a-package' },
      { words: 'or sox' },
    ],
  } as const;
  const paper = {
    color: false,
    ascii: false,
    columns: 80,
    nameColumns: 12,
    secrets: ['secret-key-0000'],
  };

  it('of 80 columns', () => {
    expect(new CheckPainter(paper).check(check)).toEqual([
      '✗ recorder    no program that records sound was found, ␛[2Jand the key …0000 is',
      '              none',
      '              parec: not installed — nor anything else',
      '              run: sudo apt-get install -y pulseaudio-utils a-very-long-name-of-a-package',
      '              try: or sox',
    ]);
  });

  it('of 40 columns, in ASCII: a command stays whole', () => {
    expect(new CheckPainter({ ...paper, columns: 40, ascii: true }).check(check)).toEqual([
      'x recorder: no program that records',
      '  sound was found, ␛[2Jand the key',
      '  ...0000 is none',
      '  parec: not installed - nor anything',
      '  else',
      '  run: sudo apt-get install -y pulseaudio-utils a-very-long-name-of-a-package',
      '  try: or sox',
    ]);
  });

  it('the last one is one line where there is room', () => {
    const painter = new CheckPainter(paper);
    expect(painter.verdict('fail', 'key: there is none', { run: 'export KEY=x' })).toEqual([
      '✗ key: there is none; run: export KEY=x',
    ]);
    expect(painter.verdict('ok', 'everything works', undefined)).toEqual(['✓ everything works']);
    expect(
      new CheckPainter({ ...paper, columns: 30 }).verdict('warn', 'key: there is none', {
        words: 'get one somewhere, and soon',
      }),
    ).toEqual(['! key: there is none', '  try: get one somewhere, and', '       soon']);
  });
});
