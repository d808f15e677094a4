import * as assert from 'uvu/assert';
import { parseSysctl } from '../../../../src/operations/surroundings/sysctls.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

suite('parseSysctl()', (test) => {
  // sysctl(8) and sysctl.d(5): dots are slashes, unless a slash comes first.
  for (const [text, path, value] of [
    ['net.ipv4.ping_group_range=0 0', 'net/ipv4/ping_group_range', '0 0'],
    ['net/ipv4/conf/eth0.100/rp_filter=1', 'net/ipv4/conf/eth0.100/rp_filter', '1'],
    ['net.ipv4.conf.eth0/100.rp_filter=1', 'net/ipv4/conf/eth0.100/rp_filter', '1'],
    ['kernel.shm_rmid_forced=1', 'kernel/shm_rmid_forced', '1'],
    ['kernel.sem=32000 1024000000 500 32000', 'kernel/sem', '32000 1024000000 500 32000'],
    ['fs.mqueue.msg_max=7', 'fs/mqueue/msg_max', '7'],
    ['kernel.domainname=a=b', 'kernel/domainname', 'a=b'],
  ] as const)
    test(text, () => assert.equal(parseSysctl(text), { path, value }));

  for (const text of [
    'net.ipv4.ip_forward',
    'net.ipv4.ip_forward=',
    '=1',
    // Of the machine.
    'vm.swappiness=1',
    'kernel.core_pattern=|/evil',
    'kernel.semantics=1',
    'kernel.shmmax.more=1',
    'kernel.hostname=other',
    'fs.file-max=1',
    // Ways out.
    'net/../kernel/core_pattern=|/evil',
    'net...kernel.core_pattern=1',
    '/net/ipv4/ip_forward=1',
    'net.ipv4.ip_forward =1',
    'net.ipv4.a\nb=1',
  ])
    test(`${JSON.stringify(text)} is refused`, () => rejects(async () => parseSysctl(text), { code: 'USAGE' }));
});
