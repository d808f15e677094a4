import { UsageError } from '../errors.js';
import { knownLogin, type LoginTarget, login, loginTarget, verifyLogin } from '../operations/login.js';
import { flag, text } from './flags/flags.js';
import { refuseFlagsAmong, refuseMoreThan } from './flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

const { creds: _, ...ACCESS_FLAGS } = REGISTRY_FLAGS;

export class Login extends BaseCommand<typeof Login> {
  static override usage = 'login [flags] [REGISTRY]';
  static override description =
    'Ask a registry whether it takes a user name and password, and keep them for pulls and pushes. REGISTRY is HOST[:PORT], or HOST[:PORT]/REPOSITORY for credentials of a part of it.';
  static override examples = [
    'tsbuild login quay.io',
    'tsbuild login --username ci --password-stdin registry.example.com <token.txt',
    'tsbuild login --get-login quay.io',
  ];
  static override flags = {
    ...ACCESS_FLAGS,
    'compat-auth-file': text({ value: 'path', summary: "Keep them in this file, in the form of Docker's" }),
    'get-login': flag({ summary: 'Show the user name that is kept for the registry' }),
    password: text({ char: 'p', summary: 'Password; other users of this machine can see it in the list of processes' }),
    'password-stdin': flag({ summary: 'Read the password from standard input' }),
    username: text({ char: 'u', summary: 'User name' }),
    verbose: flag({ char: 'v', summary: 'Show where the credentials are kept' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    refuseMoreThan(1, this.operands);
    const place = { ...registryAccess(this.flags), registry: this.operands[0], dockerFile: this.flags['compat-auth-file'] };
    const target = await loginTarget(place, services);
    const known = await knownLogin(target, services);
    if (this.flags['get-login'] === true) {
      if (known?.kind !== 'password') throw new UsageError(`not logged into ${target.key}`);
      this.terminal.out(`${known.username}\n`);
      return 0;
    }
    const { username, password, 'password-stdin': fromInput } = this.flags;
    const isAsked = username === undefined && password === undefined && fromInput !== true;
    if (isAsked && known?.kind === 'password' && (await this.isStillValid(target, known, place, services))) return 0;
    const credentials = await this.askFor(known?.kind === 'password' ? known.username : undefined);
    await login(target, credentials, place, services);
    if (this.flags.verbose === true) this.terminal.out(`Used:  ${target.file.path}\n`);
    this.terminal.out('Login Succeeded!\n');
    return 0;
  }

  private async isStillValid(
    target: LoginTarget,
    known: { readonly username: string; readonly password: string },
    place: ReturnType<typeof registryAccess>,
    services: CommandServices,
  ): Promise<boolean> {
    this.terminal.out(`Authenticating with existing credentials for ${target.key}\n`);
    try {
      await verifyLogin(target, `${known.username}:${known.password}`, place, services);
    } catch (error) {
      if ((error as Error).name !== 'LoginRefusedError') throw error;
      this.terminal.out('Existing credentials are invalid, please enter valid username and password\n');
      return false;
    }
    this.terminal.out('Existing credentials are valid. Already logged in to ');
    this.terminal.out(`${target.key}\n`);
    return true;
  }

  private async askFor(knownName: string | undefined): Promise<{ username: string; password: string }> {
    const { username: givenName, password: given, 'password-stdin': fromInput } = this.flags;
    if (fromInput === true) {
      if (given !== undefined) throw new UsageError('can not specify both --password-stdin and --password');
      if (givenName === undefined) throw new UsageError('must provide --username with --password-stdin');
      return { username: givenName, password: (await readInput()).replace(/\r?\n$/, '') };
    }
    const { askOnTerminal } = await import('./program/ask-on-terminal.js');
    const shown = knownName === undefined ? 'Username: ' : `Username (${knownName}): `;
    const username = givenName ?? ((await askOnTerminal(shown, { isSecret: false })) || (knownName ?? ''));
    const password = given ?? (await askOnTerminal('Password: ', { isSecret: true }));
    if (username === '') throw new UsageError('a username must be given');
    return { username, password };
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
