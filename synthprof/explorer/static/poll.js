// Repeated requests, which pause while the page is hidden.

/**
 * Calls `act` now and then every `seconds` seconds until the signal aborts; pauses while the page is hidden.
 *
 * After a first success, it goes on if the server is busy or does not respond; other errors end it.
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

/** Waits for the seconds, or until the signal aborts, or until a hidden page becomes visible. */
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
