/** A soft two-note signal for new tickets, made by the browser itself; off until somebody switches it on. */
import { stored } from "@staff/preferences";

export const soundOn = stored("sound", "off");

let context: AudioContext | null = null;

function note(audio: AudioContext, frequency: number, start: number): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.35);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + 0.4);
}

/** Plays the signal when it is wanted; `always` for the sample when it is switched on. */
export function playSignal(always = false): void {
  if (!always && soundOn.value !== "on") return;
  try {
    context ??= new AudioContext();
    void context.resume();
    note(context, 660, context.currentTime);
    note(context, 880, context.currentTime + 0.14);
  } catch {
    // no audio here
  }
}
