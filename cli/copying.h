// What cp and mv have in common: which sources become which destinations, several at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/transfer.h"
#include "cli/walk.h"
#include "cli/work_queue.h"

namespace orlop::cli {

class Copying : public Command {
 public:
  explicit Copying(bool move) : move_(move) {}
  void declare(Options& options) override;
  Exit run(Session& session) override;

 private:
  struct Destination {
    Target target;
    bool directory = false;  // sources keep their names below it
  };
  class Job;

  Result<Destination> destination(Session& session, const Target& first) const;
  Result<Target> place_below(const Destination& destination, const std::string& name) const;
  TransferOptions transfer_options() const;

  const bool move_;
  std::vector<std::string> operands_;
  bool recursive_ = false;
  bool no_clobber_ = false;
  bool dry_run_ = false;
  bool no_glob_ = false;
  bool gzip_ = false;
  std::uint64_t jobs_ = 16;
  std::optional<std::uint64_t> bandwidth_;
  std::string content_type_, content_disposition_, cache_control_, acl_, storage_class_;
  StringMap metadata_;
};

}  // namespace orlop::cli
