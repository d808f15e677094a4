#pragma once
// What each part of the addon exports; module.cc calls them once per JavaScript environment.

#include "napi_util.h"

void register_syscalls(napi_env env, napi_value exports);      // syscalls.cc
void register_overlay(napi_env env, napi_value exports);       // overlay.cc
void register_spawn(napi_env env, napi_value exports);         // spawn.cc
void register_flock(napi_env env, napi_value exports);         // flock.cc
void register_user_namespace(napi_env env, napi_value exports);  // user_namespace.cc
void register_walk(napi_env env, napi_value exports);          // walk.cc
void register_hash(napi_env env, napi_value exports);          // hash.cc
void register_digest_entries(napi_env env, napi_value exports);  // entries/digest_entries.cc
void register_fence(napi_env env, napi_value exports);         // fence.cc
void register_copy(napi_env env, napi_value exports);          // copy.cc
void register_remove(napi_env env, napi_value exports);        // remove.cc
void register_tar_reader(napi_env env, napi_value exports);    // tar_reader.cc
void register_blob_writer(napi_env env, napi_value exports);   // blob_writer.cc
void register_extractor(napi_env env, napi_value exports);     // extractor.cc
