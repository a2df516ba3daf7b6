/** The first steps of a staff page: colours, address, the person and their language, then the page itself. */
import { type ComponentChild, render } from "preact";
import { ApiError, errorText } from "./api";
import { startClock } from "./format";
import { followTheme } from "./preferences";
import { startRouter } from "./router";
import { startSession } from "./session";
import { LoadError, Skeleton } from "./states";

export function start(page: () => ComponentChild): void {
  const root = document.getElementById("app");
  if (!root) return;
  followTheme();
  startRouter();
  const run = async () => {
    render(<Skeleton rows={4} />, root);
    try {
      await startSession();
    } catch (error) {
      // the browser is on its way to the log-in page
      if (error instanceof ApiError && error.status === 401) return;
      document.title = errorText(error);
      render(
        <main class="boot-error">
          <LoadError error={error} retry={() => void run()} />
        </main>,
        root,
      );
      return;
    }
    startClock();
    render(null, root);
    render(page(), root);
  };
  void run();
}
