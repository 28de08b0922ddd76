// One object or file from one place to another, whatever the two are.
#pragma once

#include <cstdint>
#include <string>

#include "cli/session.h"
#include "cli/walk.h"

namespace orlop::cli {

struct TransferOptions {
  bool no_clobber = false;  // a taken destination is already_exists
  bool remove_source = false;
  bool gzip = false;
  Attrs attrs;  // what is not empty here replaces what the source has, or what its name suggests
};

// Thread-safe; one transfer a thread.
class Transfer {
 public:
  Transfer(Session& session, TransferOptions options, Progress& progress)
      : session_(session), options_(std::move(options)), progress_(progress) {}

  // Nothing is visible at `to` before all of it is there, unless it is a device or a pipe. Result: the bytes it has.
  Result<std::uint64_t> run(const Target& from, const Target& to);
  // What is left to do of a move.
  Result<void> remove_source(const Target& from);

 private:
  class Counter;

  struct Copied {
    std::uint64_t size;
    std::string stamp;  // of the version that was read; empty when nothing could have changed it
  };

  Result<Copied> copy(const Target& from, const Target& to);
  Result<std::uint64_t> into_special_file(const Target& from, const Target& to);
  Result<std::uint64_t> upload(const Target& from, const Target& to);
  Result<std::unique_ptr<Writer>> create(const Place& place, const Target& to);
  Result<std::uint64_t> upload_stream(int fd, const Target& to);
  Result<std::size_t> read_some(int fd, MutableBytes out) const;
  Result<Copied> download(const Target& from, const Target& to);
  Result<Copied> copy_within(const Target& from, const Target& to);
  Result<Copied> copy_between(const Target& from, const Target& to);
  Result<Copied> copy_through_here(const Target& from, const Target& to);
  Result<void> rename(const Target& from, const Target& to);
  bool look_alike(const Target& from, const Target& to, const std::string& stamp);
  Result<void> check_unchanged(const Target& from, const std::string& stamp);
  Result<std::string> present_stamp(const Target& target);

  Target behind_links(const Target& to) const;
  bool on_one_service(const Target& from, const Target& to) const;
  bool same_place(const Target& from, const Target& to) const;
  SaveOptions save_options() const;
  Attrs merged(Attrs attrs) const;
  bool changes_attrs() const { return !(options_.attrs == Attrs{}); }
  PutMode mode() const { return options_.no_clobber ? PutMode::create : PutMode::overwrite; }

  Session& session_;
  const TransferOptions options_;
  Progress& progress_;
};

// Writes what a reader gives to standard output. Result: the bytes written. Errors: the reader's; canceled when the
// output failed, which the session knows more about.
Result<std::uint64_t> pour(Session& session, Reader& reader, Progress& progress);

}  // namespace orlop::cli
