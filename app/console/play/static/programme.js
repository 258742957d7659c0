// Which of the live notices is on at a moment. Pure: the same arguments, the same answer.
//
// An entry is { alert, since, duty, ends }, `since` in milliseconds or null when it was never on, `ends` for a
// correction. What was never on comes first,
// and stays for five seconds. Then whatever is in its exclusive minutes has the screen to itself; then all that is due takes
// turns of `seconds`: what is on all the time, and what is repeated every so many minutes, for as long as there are turns
// to go round.

const MINUTE = 60000;
const FIRST = 5000;

export function choose(entries, seconds, now) {
  const ordered = entries.slice().sort((a, b) => (a.alert < b.alert ? -1 : 1));
  const begun = ordered.filter((one) => one.since !== null);
  const first = begun.filter((one) => now - one.since < Math.min(FIRST, seconds * 1000) && !one.ends);
  if (first.length > 0) return first[0];
  if (begun.length < ordered.length) return ordered.find((one) => one.since === null);
  const kept = begun.filter((one) => !over(one, now));
  const alone = kept.filter((one) => now - one.since < minutes(one.duty.exclusive_minutes));
  const pool = alone.length > 0 ? alone : kept.filter((one) => due(one, seconds * 1000 * kept.length, now));
  return pool.length > 0 ? pool[Math.floor(now / (seconds * 1000)) % pool.length] : null;
}

function minutes(value) {
  return (value || 0) * MINUTE;
}

function over(one, now) {
  return Boolean(one.duty.until_minutes) && now - one.since >= minutes(one.duty.until_minutes);
}

// Not repeated: on all the time. Repeated: for `turn` milliseconds after each full interval, and at first at once.
function due(one, turn, now) {
  const every = minutes(one.duty.repeat_every_minutes);
  if (every === 0) return true;
  const exclusive = minutes(one.duty.exclusive_minutes);
  const waited = now - one.since - exclusive;
  if (waited < 0) return false;
  return waited % every < turn && (exclusive === 0 || waited >= every);
}
