/** A remark on standard error. */
export function formatNote(text: string): string {
  return `${printable(text)}\n`;
}

/** A warning on standard error. */
export function formatWarning(text: string): string {
  return `[Warning] ${printable(text)}\n`;
}

/**
 * Text from outside (names, server answers) must not steer the terminal: control characters but for line feed and tab are shown
 * as question marks.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');
}
