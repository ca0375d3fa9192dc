// Asking again and again, but not for a page that nobody sees.

/**
 * Calls `act` at once and then every so many seconds, until the signal; waits while the page is hidden.
 *
 * Once it has succeeded, a server that does not answer for a while is asked again; its refusals end it.
 */
export async function poll(act, seconds, signal) {
  let succeeded = false;
  while (!signal.aborted) {
    try {
      if (document.visibilityState === "visible") await act();
      succeeded = true;
    } catch (error) {
      if (!succeeded || !(error.status === 0 || error.status >= 429)) throw error;
    }
    await pause(seconds, signal);
  }
}

/** Ends after the seconds, or at the signal; when the page was hidden, as soon as it is seen. */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && end();
    const timer = setTimeout(() => document.visibilityState === "visible" && end(), 1000 * seconds);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
