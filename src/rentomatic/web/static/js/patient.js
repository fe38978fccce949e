/**
 * Fetch, and once more where the server has too much to do at the moment, after the time that it names.
 * @param {string} url
 * @param {RequestInit & { signal: AbortSignal }} options
 * @returns {Promise<Response>}
 */
export async function fetchPatiently(url, options) {
  const answer = await fetch(url, options);
  const seconds = Number(answer.headers.get("Retry-After"));
  if (answer.status !== 503 || !(seconds > 0 && seconds <= LONGEST)) return answer;
  await pause(1000 * seconds, options.signal);
  return fetch(url, options);
}

/** Seconds. Who is told to wait longer is better told that something failed. */
const LONGEST = 5;

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} rejected when it is aborted */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
