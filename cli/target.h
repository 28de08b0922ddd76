// What an operand means: a local path, standard input or output, or a key in a storage.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orlop/config.h"

namespace orlop::cli {

struct Target {
  enum class Kind { local, stream, remote };

  Kind kind = Kind::local;
  std::string text;  // as it was written, for messages
  std::string key;   // verbatim; of a local target: the path
  std::shared_ptr<const Remote>
      container;  // what the key is in; null unless remote. Its name is empty for a plain URL.

  bool is_remote() const noexcept { return kind == Kind::remote; }
  bool is_local() const noexcept { return kind == Kind::local; }
  bool is_stream() const noexcept { return kind == Kind::stream; }
  // The same container, another key or path.
  Target with_key(std::string new_key) const;
  // As a user would write it.
  std::string display() const;
};

// Keys are taken verbatim, without percent-decoding, so that what `ls` prints can be pasted behind the bucket; only a
// `?name=value` at the end, of names the backend knows, is read as options. Errors: config_invalid saying what to write
// instead.
Result<Target> parse_target(std::string_view operand);

// Of "s3://", with options or without: the service, and no bucket of it. Null for every other operand.
std::optional<Target> parse_service(std::string_view operand);

}  // namespace orlop::cli
