import type { RunMount } from '../../builder/steps/index.js';
import type { DeviceRequest } from '../../parser/index.js';
import type { Reporter } from '../../progress.js';
import type { Entitlements } from './entitlements.js';

/** What a command is given for a device, by its path or name. @throws {UsageError} there is none */
export type DeviceFinder = (name: string) => Promise<readonly RunMount[]>;

/**
 * What `RUN --device` asks for. One that is not there is left out with a warning, unless it is `required`.
 *
 * @throws {UsageError} the user does not allow it, or it is required and not there
 */
export async function instructionDevices(
  requests: readonly DeviceRequest[],
  entitlements: Entitlements,
  find: DeviceFinder,
  reporter: Reporter,
): Promise<readonly RunMount[]> {
  const found: RunMount[] = [];
  for (const { name: asked, required } of requests) {
    const name = entitlements.demandDevice(asked);
    try {
      found.push(...(await find(name)));
    } catch (error) {
      if (required) throw error;
      reporter.report({ kind: 'warning', text: `RUN --device=${asked}: ${(error as Error).message}; the command runs without it` });
    }
  }
  return found;
}
