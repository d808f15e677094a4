/* What the trapped calls are answered with, by what they are about. */
#ifndef TSBUILD_FAKE_ANSWERS_H
#define TSBUILD_FAKE_ANSWERS_H

#include "call.h"

/* ---- identity.c: getuid, setuid and their kin; `narrow` are the calls of i386 with ids of 16 bits ---------------------------- */
struct reply answer_get_id(const struct call *call, bool group, enum id_kind kind);
struct reply answer_get_ids(const struct call *call, bool group, bool narrow);
struct reply answer_get_groups(const struct call *call, bool narrow);
struct reply answer_set_id(const struct call *call, bool group, bool narrow);
struct reply answer_set_re(const struct call *call, bool group, bool narrow);
struct reply answer_set_res(const struct call *call, bool group, bool narrow);
struct reply answer_set_file_system(const struct call *call, bool group, bool narrow);
struct reply answer_set_groups(const struct call *call, bool narrow);
struct reply answer_capset(const struct call *call);
struct reply answer_keep_capabilities(const struct call *call);
/* A set-user-id program takes effect when it is started. */
struct reply answer_exec(const struct call *call, int dir, uint64_t path, int flags);

/* ---- files.c: owners, devices, new files ------------------------------------------------------------------------------------- */
struct reply answer_chown(const struct call *call, int dir, uint64_t path, uint64_t uid, uint64_t gid, int flags, bool narrow);
struct reply answer_fchown(const struct call *call, bool narrow);
struct reply answer_mknod(const struct call *call, int dir, uint64_t path, uint64_t mode, uint64_t device);
struct reply answer_mkdir(const struct call *call, int dir, uint64_t path, uint64_t mode);
struct reply answer_open(const struct call *call, int dir, uint64_t path, uint64_t flags, uint64_t mode);
struct reply answer_openat2(const struct call *call);

/* ---- status.c: stat and its kin ---------------------------------------------------------------------------------------------- */
struct reply answer_stat(const struct call *call, int dir, uint64_t path, uint64_t buffer, int flags);
struct reply answer_fstat(const struct call *call);
struct reply answer_statx(const struct call *call);

#endif
