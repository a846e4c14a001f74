/** Which system this is, since each has its own command for the same trouble. */
import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { Check } from './check.ts';

export type SystemKind = 'debian' | 'fedora' | 'arch' | 'linux' | 'macos' | 'windows';

export type System = {
  kind: SystemKind;
  /** `Debian GNU/Linux 12`. */
  name: string;
  isWsl: boolean;
  isContainer: boolean;
  isRoot: boolean;
};

/** What there is to judge by; texts of files that are not there are empty. */
export type Seen = {
  platform: NodeJS.Platform;
  /** Of the kernel. */
  release: string;
  osRelease: string;
  cgroup: string;
  /** A file that container engines put into their containers. */
  hasContainerFile: boolean;
  isRoot: boolean;
};

/** Pure. */
export function systemOf(seen: Seen): System {
  const { platform, release: kernel, osRelease, cgroup, hasContainerFile, isRoot } = seen;
  const isLinux = platform === 'linux';
  const isWsl = isLinux && /microsoft|wsl/i.test(kernel);
  const inGroup = /\b(docker|containerd|kubepods|libpod|lxc)\b/.test(cgroup);
  const isContainer = isLinux && (hasContainerFile || inGroup);
  return { ...named(platform, kernel, osRelease), isWsl, isContainer, isRoot };
}

function named(
  platform: NodeJS.Platform,
  kernel: string,
  osRelease: string,
): Pick<System, 'kind' | 'name'> {
  if (platform === 'darwin') return { kind: 'macos', name: `macOS (Darwin ${kernel})` };
  if (platform === 'win32') return { kind: 'windows', name: `Windows ${kernel}` };
  const field = (name: string): string =>
    new RegExp(`^${name}=["']?(.*?)["']?$`, 'm').exec(osRelease)?.[1] ?? '';
  const families = `${field('ID')} ${field('ID_LIKE')}`.split(' ');
  const kinds = { debian: ['debian', 'ubuntu'], fedora: ['fedora', 'rhel'], arch: ['arch'] };
  for (const kind of ['debian', 'fedora', 'arch'] as const) {
    if (kinds[kind].some((name) => families.includes(name)))
      return { kind, name: shortName(field) };
  }
  return { kind: 'linux', name: shortName(field) || `${platform} ${kernel}` };
}

/** `Debian GNU/Linux 12`, less its code name. */
const shortName = (field: (name: string) => string): string =>
  (field('PRETTY_NAME') || field('ID')).replace(/ \(.*\)$/, '');

export async function lookAtSystem(): Promise<System> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  const [osRelease, cgroup, docker, podman] = await Promise.all([
    read('/etc/os-release'),
    read('/proc/1/cgroup'),
    isThere('/.dockerenv'),
    isThere('/run/.containerenv'),
  ]);
  return systemOf({
    platform: process.platform,
    release: release(),
    osRelease,
    cgroup,
    hasContainerFile: docker || podman,
    isRoot: process.getuid?.() === 0,
  });
}

export function systemCheck(system: System, version: string): Check {
  const places = [system.isWsl ? 'WSL' : '', system.isContainer ? 'container' : ''];
  const { version: node, arch } = process;
  const words = [system.name, ...places.filter((place) => place !== '')];
  return {
    name: 'system',
    status: 'ok',
    summary: `${words.join(', ')}; Node ${node.slice(1)}; gemlive ${version}`,
    facts: { ...system, node, arch, platform: process.platform, version },
  };
}
