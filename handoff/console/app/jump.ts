/** Brings the message named in the address (`?m=12`) before the eyes, once it is drawn. */
import { route } from "@staff/router";
import { useLayoutEffect, useRef } from "preact/hooks";

const LIT_MS = 4_000;

export function useJump(drawn: number): boolean {
  const done = useRef("");
  const wanted = route.value.query.m ?? "";
  useLayoutEffect(() => {
    if (!wanted || done.current === wanted || drawn === 0) return;
    const place = document.getElementById(`message-${wanted}`);
    if (!place) return;
    done.current = wanted;
    place.scrollIntoView({ block: "center" });
    place.classList.add("message-found");
    setTimeout(() => place.classList.remove("message-found"), LIT_MS);
  }, [wanted, drawn]);
  return wanted !== "" && done.current !== wanted;
}
