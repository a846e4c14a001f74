/** What helps, by what is wrong and on which system: one table, the most special place first. */
import type { Direction } from '../../audio/devices/device.ts';
import type { SoundSystem } from '../../audio/devices/choose.ts';
import { levelCommand } from '../../audio/devices/level.ts';
import type { Fix } from './check.ts';
import type { System, SystemKind } from './system.ts';

export type Problem =
  /** Nothing that records, or nothing that plays. */
  | 'noRecorder'
  | 'noPlayer'
  | 'noSoundServer'
  /** A server or a system without a device. */
  | 'noDevice'
  | 'noPermission'
  | 'deviceInUse'
  /** It gives zeros, and is not muted. */
  | 'deadMicrophone'
  | 'noNetwork'
  | 'noNameServer'
  | 'wrongClock'
  /** A proxy's certificate authority that the system may know, and Node does not. */
  | 'unknownAuthority'
  | 'noKey'
  | 'noGoogleLogin'
  | 'noEars'
  | 'noVoice';

type Place = SystemKind | 'wsl' | 'container' | 'any';

const run = (...lines: string[]): Fix[] => lines.map((line) => ({ run: line }));
const words = (text: string): Fix => ({ words: text });

const PULSE_TOOLS: Partial<Record<Place, Fix[]>> = {
  debian: run('sudo apt-get install -y pulseaudio-utils'),
  fedora: run('sudo dnf install -y pulseaudio-utils'),
  arch: run('sudo pacman -S --needed libpulse'),
  macos: run('brew install sox'),
  windows: run('winget install --id Gyan.FFmpeg'),
  any: [words('install parec and pacat (PulseAudio), arecord and aplay (ALSA), or sox')],
};

const TABLE: Record<Problem, Partial<Record<Place, Fix[]>>> = {
  noRecorder: PULSE_TOOLS,
  noPlayer: PULSE_TOOLS,
  noSoundServer: {
    container: [
      {
        run: 'docker run -v "$XDG_RUNTIME_DIR/pulse/native:/tmp/pulse" -e PULSE_SERVER=unix:/tmp/pulse …',
      },
      words("the sound server is the host's: lend its socket to the container"),
    ],
    wsl: [
      { run: 'export PULSE_SERVER=unix:/mnt/wslg/PulseServer' },
      words(
        'WSLg brings the server; where that file is missing: wsl --update, then wsl --shutdown',
      ),
    ],
    debian: run(
      'systemctl --user restart pipewire-pulse || pulseaudio --start',
      'sudo apt-get install -y pipewire-pulse wireplumber',
    ),
    fedora: run(
      'systemctl --user restart pipewire pipewire-pulse wireplumber',
      'sudo dnf install -y pipewire-pulseaudio wireplumber',
    ),
    arch: run(
      'systemctl --user restart pipewire pipewire-pulse wireplumber',
      'sudo pacman -S --needed pipewire-pulse wireplumber',
    ),
    macos: run('sudo killall coreaudiod'),
    windows: run('Restart-Service Audiosrv'),
    any: run('systemctl --user restart pipewire-pulse || pulseaudio --start'),
  },
  noDevice: {
    container: [
      { run: 'docker run --device /dev/snd --group-add audio …' },
      words('or lend the socket of the sound server to the container'),
    ],
    wsl: [words('choose a microphone and a loudspeaker in the sound settings of Windows')],
    macos: run('open "x-apple.systempreferences:com.apple.preference.sound"'),
    windows: run('start ms-settings:sound'),
    any: [words('connect a device, and see that your user may use it: groups (audio)')],
  },
  noPermission: {
    container: run('docker run --device /dev/snd --group-add audio …'),
    macos: run('open "x-apple.systempreferences:com.apple.preference.security?Privacy_Microphone"'),
    windows: run('start ms-settings:privacy-microphone'),
    any: [{ run: 'sudo usermod -aG audio "$USER"' }, words('then log out and in again')],
  },
  deviceInUse: {
    macos: [words('close the other program that uses it')],
    windows: [words('close the other program that uses it')],
    any: [{ run: 'fuser -v /dev/snd/*' }, words('close the program that it names')],
  },
  deadMicrophone: {
    macos: [
      { run: 'open "x-apple.systempreferences:com.apple.preference.security?Privacy_Microphone"' },
      words('allow the microphone for this terminal, then start the terminal anew'),
    ],
    windows: [
      { run: 'start ms-settings:privacy-microphone' },
      words('let desktop apps use the microphone'),
    ],
    wsl: [
      { run: 'cmd.exe /c start ms-settings:privacy-microphone' },
      words('let desktop apps use the microphone, then wsl --shutdown'),
    ],
    any: [
      { run: 'gemlive devices' },
      words('choose another one with --input-device; look for a switch on it or on the keyboard'),
    ],
  },
  noNetwork: {
    wsl: run('wsl.exe --shutdown'),
    container: [
      { run: 'docker run --network bridge …' },
      words('this container has no network of its own'),
    ],
    debian: run('nmcli networking on || sudo systemctl restart networking'),
    fedora: run('nmcli networking on'),
    arch: run('nmcli networking on || sudo systemctl restart systemd-networkd'),
    macos: run('networksetup -setairportpower en0 on'),
    windows: run('start ms-settings:network'),
    any: [words('connect this machine to a network')],
  },
  noNameServer: {
    wsl: run('wsl.exe --shutdown'),
    container: run('docker run --dns 1.1.1.1 …'),
    debian: run('sudo systemctl restart systemd-resolved || cat /etc/resolv.conf'),
    fedora: run('sudo systemctl restart systemd-resolved'),
    arch: run('sudo systemctl restart systemd-resolved'),
    macos: run('sudo dscacheutil -flushcache; sudo killall -HUP mDNSResponder'),
    windows: run('ipconfig /flushdns'),
    any: run('cat /etc/resolv.conf'),
  },
  wrongClock: {
    wsl: run('sudo hwclock -s'),
    macos: run('sudo sntp -sS time.apple.com'),
    windows: run('w32tm /resync'),
    container: [words("the clock is the host's: set it there")],
    any: run('sudo timedatectl set-ntp true'),
  },
  unknownAuthority: {
    fedora: run('export SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt'),
    macos: run(
      'security find-certificate -a -p /Library/Keychains/System.keychain > ~/ca.pem; export NODE_EXTRA_CA_CERTS=~/ca.pem',
    ),
    windows: run('setx NODE_EXTRA_CA_CERTS C:\\path\\to\\ca.pem'),
    any: run('export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'),
  },
  noKey: {
    windows: [
      { run: 'setx GEMINI_API_KEY PASTE_IT_HERE' },
      words('a key: https://aistudio.google.com/apikey'),
    ],
    any: [
      { run: 'export GEMINI_API_KEY=PASTE_IT_HERE' },
      words('a key is free: https://aistudio.google.com/apikey; without one: gemlive talk --local'),
    ],
  },
  noGoogleLogin: { any: run('gcloud auth application-default login') },
  noEars: {
    debian: run('sudo apt-get install -y pocketsphinx pocketsphinx-en-us'),
    macos: run('brew install whisper-cpp'),
    any: [words('install whisper.cpp, and set WHISPER_MODEL to the path of its model')],
  },
  noVoice: {
    debian: run('sudo apt-get install -y flite'),
    fedora: run('sudo dnf install -y flite'),
    // A voice comes with the package, unless its optional dependencies were left out.
    any: run('npm install -g gemlive --include=optional'),
  },
};

/** Never empty. Root has no need of sudo, and a container often none of it. */
export function fixesFor(problem: Problem, system: System): readonly Fix[] {
  const rows = TABLE[problem];
  const found =
    (system.isContainer ? rows.container : undefined) ??
    (system.isWsl ? rows.wsl : undefined) ??
    rows[system.kind] ??
    rows.any ??
    [];
  if (!system.isRoot) return found;
  return found.map((fix) => ('run' in fix ? { run: fix.run.replaceAll(/\bsudo /g, '') } : fix));
}

/** `id`: as the sound system calls the device. */
export function deviceFix(
  what: 'unmute' | 'louder',
  direction: Direction,
  system: SoundSystem | undefined,
  id: string,
): Fix {
  const command = levelCommand(what, direction, system, id);
  if (command !== undefined) return { run: command };
  const device = direction === 'input' ? 'microphone' : 'loudspeaker';
  return { words: `turn the ${device} on, and up, in the sound settings` };
}
