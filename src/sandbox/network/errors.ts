import { TsbuildError } from '../../errors.js';

/** A private network was asked for and could not be made. */
export class NetworkError extends TsbuildError {
  readonly code = 'NETWORK';

  /** @param reason what was tried and how it failed, for each helper */
  constructor(readonly reason: string) {
    super(`Cannot give commands a private network: ${reason}`, {
      hint: 'Install passt (pasta) or slirp4netns and let users open /dev/net/tun (chmod 0666 /dev/net/tun), or use --network host',
    });
  }
}
