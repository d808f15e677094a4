import { text } from './flags.js';

/** Of commands that send images somewhere else. */
export const SIGN_FLAGS = {
  'sign-by': text({ value: 'FINGERPRINT', summary: 'Sign the image with this GPG key' }),
} as const;
