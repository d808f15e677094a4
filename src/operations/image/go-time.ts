/** A time of RFC 3339 as Go prints it: the fraction of its second without zeros at the end. */
export function goTime(text: string): string {
  return text.replace(/\.(\d*?)0+(?=Z$|[+-]\d\d:\d\d$)/, (_, digits: string) => (digits === '' ? '' : `.${digits}`));
}
