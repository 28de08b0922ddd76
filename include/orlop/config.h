// Where a storage is and how it is reached, before anything is opened: URLs, options, and the file of named remotes.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/types.h"

namespace orlop {

// The parts of `scheme://authority/path?name=value&...`, percent-decoded. `mem:` and `file:/dir` are understood too.
struct Address {
  std::string scheme;
  std::string authority;  // the bucket, for s3
  std::string path;       // without the first slash for schemes with an authority; verbatim for file
  StringMap options;

  // Errors: config_invalid for what is no URL, and for a user name or password in it (credentials never travel in
  // URLs: they end up in logs and process lists).
  static Result<Address> parse(std::string_view url);
};

enum class OptionType : std::uint8_t { text, boolean, integer, size, duration, list };

// One option a backend understands: for checking, for help texts and for the nearest valid name.
struct OptionSpec {
  std::string_view name;  // "region"
  OptionType type = OptionType::text;
  std::string_view help;  // one line
  bool secret = false;    // refused in URLs, never printed
};

// Typed access to a StringMap of options against a table of what is valid.
class OptionReader {
 public:
  OptionReader(std::span<const OptionSpec> specs, const StringMap& values) : specs_(specs), values_(values) {}

  // Errors: config_invalid naming the first unknown option and the nearest valid one.
  Result<void> check_names() const;

  // Each leaves `out` untouched when the option is absent. Errors: config_invalid naming option and expected form.
  Result<void> read(std::string_view name, std::string& out) const;
  Result<void> read(std::string_view name, bool& out) const;           // true/false, yes/no, on/off, 1/0
  Result<void> read(std::string_view name, std::uint64_t& out) const;  // sizes take K, M, G, T (powers of 1024)
  Result<void> read(std::string_view name, std::chrono::milliseconds& out) const;  // "250ms", "30s", "5m"; bare: s

 private:
  std::span<const OptionSpec> specs_;
  const StringMap& values_;
};

// The candidate that differs least from `word`; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// A file of named remotes, $ORLOP_CONFIG or ~/.config/orlop/config.toml:
//   [remotes.photos]
//   url = "s3://photos/raw"
//   region = "eu-central-1"
//   access_key_id = "..."
struct Remote {
  std::string name;
  std::string url;
  StringMap options;
};
class Remotes {
 public:
  // Result: the remotes of the user's file; none when there is no file. Errors: config_invalid with the line.
  static Result<Remotes> load();
  static Result<Remotes> parse(std::string_view toml, std::string_view file_name);
  // Null for an unknown name.
  const Remote* find(std::string_view name) const noexcept;
  std::span<const Remote> all() const noexcept { return remotes_; }

 private:
  std::vector<Remote> remotes_;
};

}  // namespace orlop
