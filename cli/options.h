// The options of one verb. Commands declare theirs here; only options.cpp knows the argument parser.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/result.h"
#include "orlop/types.h"

namespace orlop::cli {

class Options {
 public:
  Options();
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // `names` as in "-r,--recursive". Each returns *this so that a table of options reads as one.
  Options& flag(std::string_view names, bool& out, std::string_view help);
  Options& text(std::string_view names, std::string& out, std::string_view value, std::string_view help);
  Options& texts(std::string_view names, std::vector<std::string>& out, std::string_view value, std::string_view help);
  Options& pairs(std::string_view names, StringMap& out, std::string_view help);  // NAME=VALUE, repeatable
  Options& choice(std::string_view names, std::string& out, std::vector<std::string> choices, std::string_view help);
  Options& number(std::string_view names, std::uint64_t& out, std::uint64_t least, std::uint64_t most,
                  std::string_view help);
  Options& size(std::string_view names, std::optional<std::uint64_t>& out, std::string_view help);  // takes K, M, G, T
  Options& duration(std::string_view names, std::chrono::seconds& out, std::string_view help);      // takes s, m, h, d
  Options& operands(std::string_view value, std::vector<std::string>& out, std::size_t least, std::size_t most);

  // Everything up to the first operand. Result: what is left, the operand first.
  Result<std::vector<std::string>> parse_leading(std::span<const std::string> arguments);
  // Everything. Errors: config_invalid in one line that says what to write instead.
  Result<void> parse(std::span<const std::string> arguments);

  std::string help() const;  // the table of options

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace orlop::cli
