/*
 * The attribute `user.containers.override_stat`: the owner a file was given, and the device an empty file stands for. The layer writer
 * reads it. Permission bits are those of the file itself; the mode in the attribute only completes its form.
 */
#ifndef TSBUILD_FAKE_RECORD_H
#define TSBUILD_FAKE_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct record {
  uint32_t uid, gid;
  mode_t device; /* S_IFCHR, S_IFBLK, or 0 */
  unsigned major, minor;
};

/* `file` may be O_PATH; `self` is the folder of this process in /proc. False when there is none. */
bool record_read(int self, int file, struct record *record);

/* 0 or a positive errno. What says nothing (root's, no device) is removed. Files that cannot have attributes have no record. */
int record_write(int self, int file, mode_t mode, const struct record *record);

#endif
