// orlop presign
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/session.h"

namespace orlop::cli {
namespace {

class Presign : public Command {
 public:
  void declare(Options& options) override {
    options.duration("--expires", expires_, "How long it works, as in 15m, 12h or 7d (1h)")
        .choice("--method", method_, {"get", "head", "put", "delete", "post"}, "What it allows (get)")
        .text("--content-type", content_type_, "TYPE", "get: what the answer says; put, post: what must be sent")
        .text("--filename", filename_, "NAME", "get: the name a browser saves it under")
        .size("--max-size", max_size_, "post: the largest upload")
        .operands("URL", operands_, 1, 1);
  }

  Exit run(Session& session) override {
    auto signed_request = presign(session);
    if (!signed_request) return session.fail(operands_.front(), signed_request.error());
    print(session, *signed_request);
    return Exit::ok;
  }

 private:
  Result<Presigned> presign(Session& session) const {
    ORLOP_ASSIGN(Target target, parse_target(operands_.front()));
    if (!target.is_remote() || target.key.empty())
      return Error(Code::config_invalid, "write a URL with a key, as in s3://bucket/key");
    ORLOP_ASSIGN(Storage storage, session.open(target));
    PresignRequest request{
        .method = method(), .key = target.key, .expires = expires_, .parameters = parameters(), .max_size = max_size_};
    return storage.driver()->presign(session.context(), request);
  }

  SignedMethod method() const {
    if (method_ == "head") return SignedMethod::head;
    if (method_ == "put") return SignedMethod::put;
    if (method_ == "delete") return SignedMethod::remove;
    return method_ == "post" ? SignedMethod::post : SignedMethod::get;
  }

  std::vector<std::pair<std::string, std::string>> parameters() const {
    const bool read = method_ == "get" || method_ == "head";
    std::vector<std::pair<std::string, std::string>> all;
    if (!content_type_.empty()) all.emplace_back(read ? "response-content-type" : "content-type", content_type_);
    if (read && !filename_.empty())
      all.emplace_back("response-content-disposition", fmt::format("attachment; filename=\"{}\"", quoted(filename_)));
    return all;
  }

  // A quoted-string of RFC 9110 section 5.6.4.
  static std::string quoted(std::string_view text) {
    std::string result;
    for (char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
    return result;
  }

  void print(Session& session, const Presigned& request) const {
    Output& out = session.out();
    if (session.global().json) {
      JsonLine line;
      line.add("method", request.method).add("url", request.url).add("headers", request.headers);
      line.add("expires", static_cast<std::uint64_t>(request.expires.count()));
      if (!request.fields.empty()) line.add("fields", StringMap(request.fields.begin(), request.fields.end()));
      out.line(line.text());
      return;
    }
    out.line(request.url);
    for (const auto& [name, value] : request.headers) out.line(fmt::format("{}: {}", name, value));
    for (const auto& [name, value] : request.fields) out.line(fmt::format("{}={}", name, value));
  }

  std::vector<std::string> operands_;
  std::chrono::seconds expires_{3600};
  std::string method_ = "get";
  std::string content_type_, filename_;
  std::optional<std::uint64_t> max_size_;
};

}  // namespace

const Verb presign_verb{
    .name = "presign",
    .summary = "Sign a request that somebody without credentials can send",
    .operands = "URL",
    .examples =
        "  orlop presign --expires 7d s3://bucket/report.pdf\n"
        "  curl -T photo.jpg \"$(orlop presign --method put s3://bucket/photo.jpg)\"\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Presign>(); },
};

}  // namespace orlop::cli
