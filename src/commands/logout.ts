import { UsageError } from '../errors.js';
import { knownLogin, loginTarget, logout, logoutEverywhere } from '../operations/login.js';
import { flag, text } from './flags/flags.js';
import { refuseFlagsAmong, refuseMoreThan } from './flags/operands.js';
import { REGISTRY_FLAGS } from './flags/registry-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Logout extends BaseCommand<typeof Logout> {
  static override usage = 'logout [flags] [REGISTRY]';
  static override examples = ['tsbuild logout quay.io', 'tsbuild logout --all'];
  static override flags = {
    authfile: REGISTRY_FLAGS.authfile,
    all: flag({ char: 'a', summary: 'Forget the credentials of every registry' }),
    'compat-auth-file': text({ value: 'path', summary: "Forget those in this file, in the form of Docker's" }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    refuseMoreThan(1, this.operands);
    const [registry] = this.operands;
    const place = { registry, dockerFile: this.flags['compat-auth-file'] };
    if (this.flags.all === true) {
      if (registry !== undefined) throw new UsageError('--all takes no registry');
      await logoutEverywhere(place, services);
      this.terminal.out('Removed login credentials for all registries\n');
      return 0;
    }
    const target = await loginTarget(place, services);
    if (await logout(target)) {
      this.terminal.out(`Removed login credentials for ${target.key}\n`);
      return 0;
    }
    if ((await knownLogin(target, services)) === undefined) throw new UsageError(`not logged into ${target.key}`);
    throw new UsageError(`not logged into ${target.key} with tsbuild: the credentials are in another file`, {
      hint: 'Name the file with --authfile, or log out with the tool that logged in',
    });
  }
}
