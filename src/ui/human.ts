const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** `1.99 MB`: three significant digits and powers of 1000, as Buildah writes sizes. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  // 999.5 would round to 1e+3, so the next unit begins there.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;

/**
 * `45 seconds ago`, `About an hour ago`.
 *
 * @see https://github.com/docker/go-units/blob/v0.5.0/duration.go (the thresholds)
 */
export function formatAge(date: Date, now: Date): string {
  return `${formatDuration(now.getTime() - date.getTime())} ago`;
}

function formatDuration(elapsedMs: number): string {
  const count = (unitMs: number): number => Math.floor(elapsedMs / unitMs);
  if (elapsedMs < SECOND) return 'Less than a second';
  if (elapsedMs < 2 * SECOND) return '1 second';
  if (elapsedMs < MINUTE) return `${count(SECOND)} seconds`;
  if (elapsedMs < 2 * MINUTE) return 'About a minute';
  if (elapsedMs < HOUR) return `${count(MINUTE)} minutes`;
  if (Math.round(elapsedMs / HOUR) === 1) return 'About an hour';
  if (Math.round(elapsedMs / HOUR) < 48) return `${Math.round(elapsedMs / HOUR)} hours`;
  if (elapsedMs < 2 * WEEK) return `${count(DAY)} days`;
  if (elapsedMs < 2 * MONTH) return `${count(WEEK)} weeks`;
  if (elapsedMs < 2 * YEAR) return `${count(MONTH)} months`;
  return `${count(YEAR)} years`;
}

/** A date as Go prints it: `2026-11-22 04:00:50.032 +0000 UTC`, the fraction without trailing zeros. */
export function formatGoTime(date: Date): string {
  const text = date.toISOString();
  const fraction = text.slice(19, -1).replace(/\.?0+$/, '');
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction} +0000 UTC`;
}

/** `7.029kB`: four significant digits and powers of 1000, without a blank. @see https://github.com/docker/go-units/blob/v0.5.0/size.go */
export function formatShortSize(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
