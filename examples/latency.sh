#!/bin/sh
# Events in a pipe: how long each answer took to begin. One JSON object a line, so that any tool reads it.
#
#   sh examples/latency.sh question.wav another.wav
set -eu

gemlive file --local --json "$@" | node --input-type=module -e '
  import { createInterface } from "node:readline";
  for await (const line of createInterface({ input: process.stdin })) {
    const { type, input = "", index, latency } = JSON.parse(line);
    if (type === "turn") console.log(`${input} turn ${index}: ${latency.firstAudioMs} ms`.trim());
  }'
