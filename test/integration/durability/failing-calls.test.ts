import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, run, withTestStore } from '../../support/tsbuild.js';

/**
 * Stands between Node and the kernel as a disk would that begins to fail: of the calls that change something below the store, the one with
 * the number in $EIO_AT fails with EIO, and with $EIO_FOREVER all after it. They are counted in $EIO_COUNT.
 */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static int is_ours(int fd) {
  char link[64], path[4096];
  const char *root = getenv("EIO_ROOT");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0 || root == NULL) return 0;
  path[n] = 0;
  return strncmp(path, root, strlen(root)) == 0;
}
static int is_below(const char *path) {
  const char *root = getenv("EIO_ROOT");
  return root != NULL && strncmp(path, root, strlen(root)) == 0;
}
static int fails(void) {
  static int count;
  int now = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
  const char *at = getenv("EIO_AT"), *file = getenv("EIO_COUNT");
  if (file != NULL) {
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0) { dprintf(fd, "%d\\n", now); close(fd); }
  }
  if (at == NULL) return 0;
  if (now == atoi(at) || (getenv("EIO_FOREVER") != NULL && now > atoi(at))) { errno = EIO; return 1; }
  return 0;
}
#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
ssize_t write(int fd, const void *b, size_t n) { REAL(write); if (is_ours(fd) && fails()) return -1; return real(fd, b, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { REAL(writev); if (is_ours(fd) && fails()) return -1; return real(fd, v, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); if (is_ours(fd) && fails()) return -1; return real(fd, b, n, o); }
int fsync(int fd) { REAL(fsync); if (is_ours(fd) && fails()) return -1; return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); if (is_ours(fd) && fails()) return -1; return real(fd); }
int syncfs(int fd) { REAL(syncfs); if (is_ours(fd) && fails()) return -1; return real(fd); }
int rename(const char *a, const char *b) { REAL(rename); if (is_below(b) && fails()) return -1; return real(a, b); }
int mkdir(const char *p, mode_t m) { REAL(mkdir); if (is_below(p) && fails()) return -1; return real(p, m); }
`;

const CONTAINERFILE = `FROM localhost/busybox
COPY data /data
RUN echo run > /run-file
WORKDIR /new
`;
/** Of every so many calls that a build makes, one fails once and one for ever. */
const ROUNDS = 24;

suite('durability/failing-calls', (test) => {
  test('a disk that fails at any moment of a build makes the build fail, and nothing else', () =>
    withTestStore(async (store) => {
      const shim = join(store.directory, 'shim.so');
      writeFileSync(join(store.directory, 'shim.c'), SHIM);
      const compiled = await run(['cc', '-shared', '-fPIC', '-O1', '-o', shim, join(store.directory, 'shim.c'), '-ldl']);
      if (compiled.status !== 0) skip(`no C compiler for the failing disk: ${compiled.stderr.trim()}`);
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), CONTAINERFILE);
      writeFileSync(join(context, 'data'), Buffer.alloc(300_000, 'data'));
      const counter = join(store.directory, 'count');
      // A launcher with sanitizers would refuse a library that comes before theirs.
      const sanitizers = [process.env.ASAN_OPTIONS ?? '', 'verify_asan_link_order=0'].join(':');
      const env = { EIO_ROOT: store.root, EIO_COUNT: counter, LD_PRELOAD: shim, ASAN_OPTIONS: sanitizers };
      const args = ['bud', '-q', '--no-cache', '-t', 'app', context];
      await store.ok(args, { env });
      const calls = Number(readFileSync(counter, 'utf8'));
      assert.ok(calls > 20, `only ${calls} calls were seen`);
      const id = async (): Promise<string> => (await store.ok(['images', '-q', 'app'])).stdout.trim();

      let failures = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const at = 1 + Math.floor((round * calls) / ROUNDS);
        const before = await id();
        const forever = round % 2 === 1 ? { EIO_FOREVER: '1' } : {};
        const { status, stderr } = await store.tsbuild(args, { env: { ...env, EIO_AT: String(at), ...forever } });
        const subject = `call ${at} of ${calls}: status ${status}\n${stderr}`;
        // A call whose failure does no harm (throwing away, noting a use) need not fail the build.
        if (status !== 0) {
          failures++;
          assert.ok(status === 125 || status === 1, subject);
          // Of a directory above that Node could not make it only tells that it is not there.
          assert.match(stderr, /i\/o error|EIO|^Error: mkdir .*\(ENOENT\)/im, subject);
          assert.not.match(stderr, /internal error/, subject);
          assert.is(await id(), before, subject);
        }
        const check = await store.tsbuild(['system', 'check']);
        assert.is(check.status, 0, `${subject}\n${check.stdout}`);
      }
      assert.ok(failures >= ROUNDS / 2, `only ${failures} of ${ROUNDS} builds failed`);
      await store.ok(args);
      assert.match((await store.ok(['system', 'check'])).stdout, /all is well/);
    }));
});
