// orlop stat
#include <fmt/format.h>

#include <limits>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/walk.h"

namespace orlop::cli {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

class Stat : public Command {
 public:
  void declare(Options& options) override {
    options.flag("--no-glob", no_glob_, "Take * ? [ in operands as they are")
        .operands("URL...", operands_, 1, std::numeric_limits<std::size_t>::max());
  }

  Exit run(Session& session) override {
    return session.each(operands_, [&](const std::string& operand) { return show(session, operand); });
  }

 private:
  Result<void> show(Session& session, const std::string& operand) const {
    ORLOP_ASSIGN(Target target, parse_target(operand));
    if (target.is_stream()) return Error(Code::config_invalid, "write a path or a URL");
    if (target.key.empty())
      return Error(Code::config_invalid, "names no object: write the key behind it, or use orlop check");
    ORLOP_ASSIGN(std::vector<Target> found, matches(session, target, !no_glob_));
    for (const Target& one : found) {
      ORLOP_ASSIGN(Place place, place_of(session, one));
      ORLOP_ASSIGN(Meta meta, place.storage.driver()->stat(session.context(), {.key = place.key}));
      print(session, one.text, meta);
    }
    return {};
  }

  // name, value: in the order people look for them; what is not known is left out.
  static std::vector<std::pair<std::string_view, std::string>> facts(const Meta& meta) {
    const Attrs& attrs = meta.attrs;
    std::vector<std::pair<std::string_view, std::string>> all{
        {"modified", meta.modified ? iso_time(meta.modified) : ""},
        {"created", meta.created ? iso_time(meta.created) : ""},
        {"etag", meta.etag},
        {"version", meta.version},
        {"content_type", attrs.content_type},
        {"content_encoding", attrs.content_encoding},
        {"content_language", attrs.content_language},
        {"content_disposition", attrs.content_disposition},
        {"cache_control", attrs.cache_control},
        {"expires", attrs.expires},
    };
    if (meta.checksum) all.emplace_back(to_string(meta.checksum->algorithm), hex(meta.checksum->bytes));
    std::erase_if(all, [](const auto& fact) { return fact.second.empty(); });
    return all;
  }

  static void print(Session& session, const std::string& operand, const Meta& meta) {
    Output& out = session.out();
    if (session.global().json) {
      JsonLine line;
      line.add("name", operand).add("size", meta.size);
      for (const auto& [name, value] : facts(meta)) line.add(name, value);
      if (!meta.attrs.user.empty()) line.add("metadata", meta.attrs.user);
      if (!meta.attrs.provider.empty()) line.add("provider", meta.attrs.provider);
      out.line(line.text());
      return;
    }
    out.line(fmt::format("{}", out.name(operand)));
    out.line(fmt::format("  {:<20}{}", "size", meta.size));
    for (const auto& [name, value] : facts(meta)) out.line(fmt::format("  {:<20}{}", name, escaped(value)));
    for (const auto& [name, value] : meta.attrs.user)
      out.line(fmt::format("  {:<20}{}", "metadata." + escaped(name), escaped(value)));
    for (const auto& [name, value] : meta.attrs.provider)
      out.line(fmt::format("  {:<20}{}", escaped(name), escaped(value)));
  }

  std::vector<std::string> operands_;
  bool no_glob_ = false;
};

}  // namespace

const Verb stat_verb{
    .name = "stat",
    .summary = "Show what is known of objects or files",
    .operands = "URL...",
    .examples = "  orlop stat s3://bucket/report.pdf\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Stat>(); },
};

}  // namespace orlop::cli
