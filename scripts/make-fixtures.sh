#!/bin/sh
# Makes audio-fixtures/: the same bytes every time. Needs flite (voices rms and slt) and sox:
#   apt install flite sox
# What is said in each, and what a recogniser hears, stands in audio-fixtures/README.md.
set -eu

out=$(cd "$(dirname "$0")/.." && pwd)/audio-fixtures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# say FILE VOICE STRETCH TEXT: speech without the silence around it, peaks at -6 dBFS, 16 kHz mono.
say() {
  flite -voice "$2" --setf duration_stretch="$3" -t "$4" -o spoken.wav
  sox -D spoken.wav -r 16000 -c 1 -b 16 "$1" \
    silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse gain -n -6
}

# pause FILE SECONDS: digital silence.
pause() {
  sox -D -n -r 16000 -c 1 -b 16 "$1" trim 0 "$2"
}

# raw WAV PCM: the bare samples.
raw() {
  sox -D "$1" -t raw -e signed-integer -b 16 "$2"
}

pause p500.wav 0.5
pause p1800.wav 1.8

say twelve.wav rms 1.0 'What is twelve times twelve?'
say time.wav slt 1.0 'What time is it?'
say seven.wav rms 1.0 'What is seven plus five?'
say count.wav rms 1.15 'I want you to count to one hundred.'
say stop.wav rms 1.0 'Stop. What time is it?'
say long.wav rms 1.0 'The old lighthouse stands on a rock near the harbour. Every evening a keeper climbed the stairs and lit the lamp, so that the ships could find their way home. Today the lamp is lit by a machine, and nobody lives in the tower any more. But in the summer the door is open, and visitors may climb to the top and look across the bay.'

sox -D p500.wav twelve.wav p500.wav "$out/question.wav"
raw "$out/question.wav" "$out/question.pcm"

sox -D p500.wav twelve.wav p1800.wav time.wav p1800.wav seven.wav p500.wav "$out/three-questions.wav"

sox -D p500.wav count.wav p500.wav counted.wav
raw counted.wav "$out/count.pcm"

sox -D p500.wav stop.wav p500.wav stopped.wav
raw stopped.wav "$out/stop.pcm"

sox -D p500.wav long.wav p500.wav "$out/long.wav"

# Brown noise (a fan, a car) 10 dB below the speech, by RMS; the speech stands where it stands in question.wav, 1 s later.
pause p1000.wav 1.0
sox -D p1000.wav "$out/question.wav" p1000.wav clean.wav
rms() { sox "$1" -n stat 2>&1 | sed -n 's/^RMS.*amplitude: *//p'; }
seconds=$(soxi -D clean.wav)
sox -R -D -n -r 16000 -c 1 -b 16 noise.wav synth "$seconds" brownnoise gain -20
factor=$(awk "BEGIN { print $(rms twelve.wav) / $(rms noise.wav) / 10 ^ (10 / 20) }")
sox -D -m -v 1 clean.wav -v "$factor" noise.wav "$out/noisy.wav"

sox -D -n -r 16000 -c 1 -b 16 three.wav trim 0 3
raw three.wav "$out/silence.pcm"

# Left as it is, right at half of it: who takes one channel, or both, gets speech.
sox -D "$out/question.wav" -r 44100 "$out/stereo-44k1.wav" remix 1 1v0.5

# A recorder that was killed: the header tells of the whole recording, 60 % of it is there.
whole=$(wc -c <"$out/question.wav")
head -c $((whole * 3 / 5 / 2 * 2)) "$out/question.wav" >"$out/truncated.wav"
