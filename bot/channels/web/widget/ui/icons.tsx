import type { JSX } from "preact";

const PATHS = {
  chat: "M4 12a8 8 0 1 1 4.1 7L4 20l1-3.8A8 8 0 0 1 4 12ZM9 12h.01M12 12h.01M15 12h.01",
  down: "m6 9 6 6 6-6",
  close: "M6 6l12 12M18 6 6 18",
  send: "M5 12h13M12 5l7 7-7 7",
  globe:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM3 12h18M12 3c2.5 2.6 3.8 5.6 3.8 9s-1.3 6.4-3.8 9c-2.5-2.6-3.8-5.6-3.8-9S9.500 5.600 12 3Z",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3 2",
  spark:
    "M12 3.500c.7 4.900 3.600 7.800 8.500 8.500-4.900.7-7.800 3.600-8.500 8.500-.7-4.900-3.600-7.800-8.500-8.500 4.900-.7 7.800-3.600 8.500-8.500Z",
  file: "M14 3H7a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1V7l-4-4ZM14 3v4h4",
} as const;

/** Decoration next to a text or a label; never the only name of anything. */
export function Icon({ of, size = 20 }: { of: keyof typeof PATHS; size?: number }): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} class="icon" aria-hidden="true" focusable="false">
      <path d={PATHS[of]} />
    </svg>
  );
}
